#include "run/problems.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <cerrno>
#include <cstring>

#include "store/database.h"
#include "workload/problem.h"

namespace lstmbench {

namespace fs = std::filesystem;

TemporaryDirectory::TemporaryDirectory() {
  std::error_code error;
  fs::path parent = fs::temp_directory_path(error);
  if (error) parent = "/tmp";
  std::string pattern = (parent / "lstmbench-XXXXXX").string();
  if (!mkdtemp(pattern.data()))
    throw StorageError(fmt::format("cannot make a temporary folder in '{}': {} (TMPDIR names another place)",
                                   parent.string(), std::strerror(errno)));
  path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;  // what cannot be removed is left to the system
  fs::remove_all(path_, ignored);
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
