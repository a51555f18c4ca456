// The files that workers start from: one folder a workload, below a temporary one that vanishes at the end.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "workload/workload.h"

namespace lstmbench {

// A folder that nobody else uses, removed with all its content.
class TemporaryDirectory {
 public:
  // Below $TMPDIR or /tmp, from where it removes the folders that killed processes of this user have left.
  // Throws StorageError.
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }
  // A new, empty folder below. Throws StorageError.
  std::filesystem::path make_folder();

 private:
  std::filesystem::path path_;
  int lock_ = -1;  // held while the process lives, by which others know
  int folders_ = 0;
};

class Problems {
 public:
  explicit Problems(TemporaryDirectory& directory) : directory_(directory) {}

  // Writes the workload's problem at the first call; throws StorageError where there is no room for it.
  const std::filesystem::path& folder_of(const Workload& workload);

 private:
  TemporaryDirectory& directory_;
  std::map<std::string, std::filesystem::path> folders_;  // by the workload's name
};

}  // namespace lstmbench
