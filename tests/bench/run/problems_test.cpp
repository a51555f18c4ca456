#include "run/problems.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <string>

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

}  // namespace
}  // namespace lstmbench
