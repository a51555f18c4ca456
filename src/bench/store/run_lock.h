// Who measures a run. Processes in other containers and on other machines may share the results file, and
// their ids say nothing here; a lock does, and the system takes it back from whoever dies.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "process/file_descriptor.h"

namespace lstmbench {

class RunLock {
 public:
  // Nothing where another process has it. On a file system without locks everybody gets it.
  // Not to be given up inside a transaction: closing the file makes SQLite's own locks of it void.
  static std::optional<RunLock> take(const std::filesystem::path& results, std::int64_t run_id);
  // Whether somebody else has it; true, too, where the file system does not say. Outside of transactions, as
  // above.
  static bool is_taken(const std::filesystem::path& results, std::int64_t run_id);

 private:
  explicit RunLock(FileDescriptor file) : file_(std::move(file)) {}

  FileDescriptor file_;
};

}  // namespace lstmbench
