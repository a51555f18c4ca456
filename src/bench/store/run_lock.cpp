#include "store/run_lock.h"

#include <fcntl.h>

#include <cerrno>

namespace lstmbench {

namespace {

struct flock byte_of(std::int64_t run_id) {
  struct flock byte {};
  byte.l_type = F_WRLCK;
  byte.l_whence = SEEK_SET;
  byte.l_start = (std::int64_t{1} << 62) + run_id;  // far behind what the file holds and what SQLite locks
  byte.l_len = 1;
  return byte;
}

}  // namespace

std::optional<RunLock> RunLock::take(const std::filesystem::path& results, std::int64_t run_id) {
  FileDescriptor file(open(results.c_str(), O_RDWR | O_CLOEXEC));
  struct flock byte = byte_of(run_id);
  // Of the open file, not of the process: SQLite, which opens and closes the file itself, does not lose it.
  const bool is_taken =
      file && fcntl(file.get(), F_OFD_SETLK, &byte) != 0 && (errno == EAGAIN || errno == EACCES);
  return is_taken ? std::nullopt : std::optional(RunLock(std::move(file)));
}

bool RunLock::is_taken(const std::filesystem::path& results, std::int64_t run_id) {
  const FileDescriptor file(open(results.c_str(), O_RDONLY | O_CLOEXEC));
  struct flock byte = byte_of(run_id);
  return !file || fcntl(file.get(), F_OFD_GETLK, &byte) != 0 || byte.l_type != F_UNLCK;
}

}  // namespace lstmbench
