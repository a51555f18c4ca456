#include "run/problems.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <string>

#include "store/database.h"

namespace {

int fault_of_locks = 0;  // EWOULDBLOCK: of those only that do not wait

}  // namespace

// In place of the system's, for the whole program.
extern "C" int flock(int descriptor, int operation) noexcept {
  if (fault_of_locks == 0 || (fault_of_locks == EWOULDBLOCK && !(operation & LOCK_NB)))
    return static_cast<int>(syscall(SYS_flock, descriptor, operation));
  errno = fault_of_locks;
  return -1;
}

namespace lstmbench {
namespace {

namespace fs = std::filesystem;

class Abandoned : public ::testing::Test {
 protected:
  Abandoned() : before_(std::getenv("TMPDIR") ? std::getenv("TMPDIR") : "") {
    setenv("TMPDIR", parent_.path().c_str(), 1);
  }
  ~Abandoned() override { before_.empty() ? unsetenv("TMPDIR") : setenv("TMPDIR", before_.c_str(), 1); }

  static void make_old(const fs::path& folder) {
    fs::last_write_time(folder, fs::file_time_type::clock::now() - std::chrono::hours(1));
  }

  TemporaryDirectory parent_;
  std::string before_;
};

TEST_F(Abandoned, FoldersAreRemovedAndOthersLeftAlone) {
  for (const char* name : {"lstmbench-abcdef", "lstmbench-young1", "lstmbench-longer-name", "other-abcdef"})
    fs::create_directories(parent_.path() / name / "0");
  for (const char* name : {"lstmbench-abcdef", "lstmbench-longer-name", "other-abcdef"})
    make_old(parent_.path() / name);
  const TemporaryDirectory living;
  make_old(living.path());

  const TemporaryDirectory other;
  EXPECT_FALSE(fs::exists(parent_.path() / "lstmbench-abcdef"));
  EXPECT_TRUE(fs::exists(parent_.path() / "lstmbench-young1"));
  EXPECT_TRUE(fs::exists(parent_.path() / "lstmbench-longer-name"));
  EXPECT_TRUE(fs::exists(parent_.path() / "other-abcdef"));
  EXPECT_TRUE(fs::exists(living.path()));
  EXPECT_TRUE(fs::exists(other.path()));
}

bool is_locked(const fs::path& folder) {
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY);
  const bool is_free = flock(descriptor, LOCK_EX | LOCK_NB) == 0;
  close(descriptor);
  return !is_free;
}

// Whoever looks for abandoned folders holds each for a moment, new ones too.
TEST_F(Abandoned, ANewFolderThatAnotherLooksAtIsLockedAllTheSame) {
  fault_of_locks = EWOULDBLOCK;
  const TemporaryDirectory folder;
  fault_of_locks = 0;
  EXPECT_TRUE(is_locked(folder.path()));
}

TEST_F(Abandoned, AFolderThatCannotBeLockedIsNotUsed) {
  fault_of_locks = ENOLCK;
  EXPECT_THROW(TemporaryDirectory(), StorageError);
  fault_of_locks = 0;
  EXPECT_TRUE(fs::is_empty(parent_.path()));
}

}  // namespace
}  // namespace lstmbench
