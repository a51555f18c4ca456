#include "peers/interpreters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bench/peers/fake_programs.h"
#include "temporary_directory.h"

namespace lstmbench {
namespace {

class Interpreters : public ::testing::Test {
 protected:
  std::vector<std::string> found() const {
    std::vector<std::string> result;
    for (const auto& one : find_interpreters(places_)) result.push_back(one.version + " " + one.origin);
    return result;
  }

  TemporaryDirectory folder_;
  InterpreterPlaces places_{(folder_.path() / "bin").string(), folder_.path() / "pyenv",
                            folder_.path() / "environments.txt", ""};
};

TEST_F(Interpreters, AreFoundInAllThreePlacesNewestFirst) {
  write_program(folder_.path() / "bin/python3", "echo 3.11.7");
  write_program(folder_.path() / "bin/python3-config", "echo 3.4.0");
  write_program(folder_.path() / "pyenv/versions/a/bin/python", "echo 2.7.18");
  write_program(folder_.path() / "pyenv/versions/b/bin/python", "echo 3.11.2");
  write_program(folder_.path() / "conda/bin/python", "echo a warning; echo 3.7.16");
  std::ofstream(folder_.path() / "environments.txt") << (folder_.path() / "conda").string() << "\n\n";
  EXPECT_THAT(found(), ::testing::ElementsAre("3.11.7 PATH", "3.7.16 conda", "2.7.18 pyenv"));
}

TEST_F(Interpreters, ThatDoNotRunAreLeftOut) {
  write_program(folder_.path() / "bin/python3", "echo 3.11.7; exit 1");
  write_program(folder_.path() / "bin/python", "echo no version");
  write_program(folder_.path() / "bin/python3.9", "kill -9 $$");
  EXPECT_THAT(found(), ::testing::IsEmpty());
}

TEST_F(Interpreters, AreNoneWhereTheyEndWithAnotherAnswer) {
  const auto program = folder_.path() / "bin/python3";
  const auto is_none = [&](const std::string& body) {
    write_program(program, body);
    return is_no_python(program.string());
  };
  EXPECT_FALSE(is_none("echo 3.11.7"));
  EXPECT_TRUE(is_none("echo no version"));
  EXPECT_TRUE(is_none("echo 3.11.7; exit 1"));
  EXPECT_FALSE(is_none("kill -9 $$")) << "nothing is known of one that somebody killed";
  EXPECT_TRUE(is_no_python((folder_.path() / "nonexistent").string()));
}

TEST_F(Interpreters, AreTheSystemsOwn) {
  places_.path = "/usr/bin:/nonexistent";
  EXPECT_THAT(found(), ::testing::Contains(::testing::MatchesRegex("3\\.[0-9.]+ PATH")));
  EXPECT_EQ(python_version("/nonexistent/python"), "");
}

}  // namespace
}  // namespace lstmbench
