#include "run/problems.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "store/database.h"
#include "workload/problem.h"

namespace lstmbench {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view prefix = "lstmbench-";
constexpr std::size_t name_length = prefix.size() + 6;
constexpr time_t youngest_s = 600;  // younger ones may not be locked yet

// The lock of a folder of this user's; -1: somebody has it, or it is none.
int lock_of(const fs::path& folder) {
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (descriptor < 0) return -1;
  struct stat status {};
  if (fstat(descriptor, &status) == 0 && status.st_uid == geteuid() &&
      flock(descriptor, LOCK_EX | LOCK_NB) == 0)
    return descriptor;
  close(descriptor);
  return -1;
}

bool is_old(int descriptor) {
  struct stat status {};
  return fstat(descriptor, &status) == 0 && time(nullptr) - status.st_mtime > youngest_s;
}

void remove_abandoned(const fs::path& parent) {
  std::error_code error;
  for (fs::directory_iterator entry(parent, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with(prefix) || name.size() != name_length) continue;
    const int lock = lock_of(entry->path());
    if (lock < 0) continue;
    std::error_code ignored;
    if (is_old(lock)) fs::remove_all(entry->path(), ignored);
    close(lock);
  }
}

}  // namespace

TemporaryDirectory::TemporaryDirectory() {
  std::error_code error;
  fs::path parent = fs::temp_directory_path(error);
  if (error) parent = "/tmp";
  std::string pattern = (parent / "lstmbench-XXXXXX").string();
  if (!mkdtemp(pattern.data()))
    throw StorageError(fmt::format("cannot make a temporary folder in '{}': {} (TMPDIR names another place)",
                                   parent.string(), std::strerror(errno)));
  path_ = pattern;
  lock_ = open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  // Whoever looks for abandoned folders holds each for a moment.
  if (lock_ < 0 || flock(lock_, LOCK_EX) != 0) {
    const int reason = errno;
    if (lock_ >= 0) close(lock_);
    std::error_code ignored;
    fs::remove_all(path_, ignored);
    throw StorageError(fmt::format("cannot lock the temporary folder '{}': {} (TMPDIR names another place)",
                                   path_.string(), std::strerror(reason)));
  }
  remove_abandoned(parent);
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;  // what cannot be removed is left to the system
  fs::remove_all(path_, ignored);
  if (lock_ >= 0) close(lock_);
}

fs::path TemporaryDirectory::make_folder() {
  const fs::path folder = path_ / std::to_string(folders_++);
  std::error_code error;
  fs::create_directory(folder, error);
  if (error)
    throw StorageError(fmt::format("cannot make the folder '{}': {} (TMPDIR names another place)",
                                   folder.string(), error.message()));
  return folder;
}

const fs::path& Problems::folder_of(const Workload& workload) {
  const auto known = folders_.find(workload.name);
  if (known != folders_.end()) return known->second;
  const fs::path folder = directory_.make_folder();
  try {
    write_problem(make_problem(workload), workload, folder);
  } catch (const std::runtime_error& error) {
    throw StorageError(fmt::format("cannot write the data of {} to '{}': {} (TMPDIR names another place)",
                                   workload.name, folder.string(), error.what()));
  }
  return folders_.emplace(workload.name, folder).first->second;
}

}  // namespace lstmbench
