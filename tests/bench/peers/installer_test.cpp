#include "peers/installer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "bench/peers/fake_programs.h"
#include "temporary_directory.h"

namespace lstmbench {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// pip that knows an index of a few versions, uv that "installs" an interpreter which has them.
class Installing : public ::testing::Test {
 protected:
  void SetUp() override {
    interpreter("3.7.16");
    interpreter("3.11.7");
    write_program(tools() / "pip", "exit 1");
    write_program(tools() / "python", R"(for last; do :; done
case $last in
  3.7) echo "Available versions: 1.4.0, 1.1.0, 1.0.0" ;;
  3.9) echo "Available versions: 1.10.2" ;;
  3.11) echo "Available versions: 2.15.0, 2.0.1" ;;
  *) echo "ERROR: No matching distribution found for torch"; exit 1 ;;
esac)");
    write_uv("exit 0");
  }

  // on_install: shell commands of `uv pip install`; $environment is the folder, $* the words.
  void write_uv(const std::string& on_install) {
    write_program(tools() / "uv", "echo \"$*\" >>" + (root_.path() / "uv.log").string() + R"(
environment=$(echo "$*" | sed -n 's/.*--python \([^ ]*\)\/bin\/python.*/\1/p')
version=$(echo "$*" | sed -n 's/.*torch==\([^ ]*\).*/\1/p')
case "$1 $2" in
  "venv "*) for last; do :; done; mkdir -p $last/bin
     printf '#!/bin/sh\nexit 1\n' >$last/bin/python; chmod +x $last/bin/python ;;
  "pip freeze") echo "torch==frozen" ;;
  "pip install") case "$*" in *--torch-backend*) exit 1 ;; esac
     printf '#!/bin/sh\necho torch %s+cu1\n' $version >$environment/bin/python
     )" + on_install + " ;;\nesac");
  }

  fs::path tools() const { return root_.path() / "data/uv/bin"; }
  fs::path environments() const { return root_.path() / "data/environments"; }
  std::string interpreter(const std::string& version, const std::string& torch = "") {
    const fs::path program = root_.path() / "pyenv/versions" / version / "bin/python";
    write_program(program, "case \"$*\" in *torch*) " +
                               (torch.empty() ? "echo no module; exit 1" : "echo torch " + torch) +
                               " ;; *) echo " + version + " ;; esac");
    return program.string();
  }
  Installer installer() {
    PeerPlaces places;
    places.interpreters = {"", root_.path() / "pyenv", root_.path() / "none", ""};
    places.free_bytes = free_bytes_;
    places.data = root_.path() / "data";
    places.locks = root_.path() / "locks";
    return Installer(places, [&](const std::string& line) { said_ += line + "\n"; });
  }
  std::string failure_of(const PeerRequest& request) {
    try {
      installer().add(request);
    } catch (const PeerFailure& failure) {
      return failure.what();
    }
    return "no failure";
  }
  std::string uv_log() const {
    std::ostringstream text;
    text << std::ifstream(root_.path() / "uv.log").rdbuf();
    return text.str();
  }

  TemporaryDirectory root_;
  std::string said_;
  std::uint64_t free_bytes_ = std::uint64_t{100} << 30;
};

TEST_F(Installing, TakesAnInterpreterThatHasABuild) {
  const auto environment = installer().add({"1.4.0", "", "", ""});
  EXPECT_EQ(environment.python, "3.7.16");
  EXPECT_EQ(environment.folder, environments() / "torch-1.4.0");
  EXPECT_THAT(uv_log(), HasSubstr("torch==1.4.0 numpy<2 setuptools<60"));
  EXPECT_TRUE(fs::exists(environment.folder / "lock.txt"));
  EXPECT_FALSE(fs::exists(environments() / "torch-1.4.0.partial"));
  EXPECT_EQ(list_environments(environments()).size(), 1U);
  installer().add({"1.4.0", "", "", ""});
  EXPECT_THAT(said_, HasSubstr("already there"));
}

TEST_F(Installing, PrefersTheInterpreterOfALockFileAndObeysIt) {
  interpreter("3.12.1");
  write_program(tools() / "python", "echo 'Available versions: 2.0.1'");
  fs::create_directories(root_.path() / "locks");
  std::ofstream(root_.path() / "locks/torch-2.0.1-python3.11.txt") << "torch==2.0.1\n";
  EXPECT_EQ(installer().add({"2.0.1", "", "", ""}).python, "3.11.7");
  EXPECT_THAT(uv_log(), HasSubstr("-c " + (root_.path() / "locks/torch-2.0.1-python3.11.txt").string()));
}

TEST_F(Installing, UnknownVersionNamesTheNearest) {
  EXPECT_THAT(failure_of({"1.0.5", "", "", ""}), AllOf(HasSubstr("1.0.0, 1.1.0"), HasSubstr("nearest")));
  EXPECT_THAT(failure_of({"0.4.0", "", "", ""}), AllOf(HasSubstr("1.0.0"), HasSubstr("--python PATH")));
}

TEST_F(Installing, SaysWhatToInstallWhereNoInterpreterFits) {
  EXPECT_THAT(failure_of({"1.10.2", "", "", ""}),
              AllOf(HasSubstr("builds for Python 3.9"), HasSubstr("found: 3.11, 3.7"),
                    HasSubstr("pyenv install 3.9")));
  EXPECT_THAT(failure_of({"2.0.1", interpreter("3.7.16"), "", ""}), HasSubstr("builds for Python 3.11"));
}

TEST_F(Installing, TakesAnInterpreterThatHasTorch) {
  const std::string old = interpreter("3.6.1", "0.3.1.post2");
  const auto environment = installer().add({"0.3.1post2", old, "", ""});
  EXPECT_EQ(environment.version + " " + environment.origin, "0.3.1.post2 " + old);
  EXPECT_EQ(uv_log(), "");
  EXPECT_EQ(installer().add({"", old, "torch-mine", ""}).name, "torch-mine");
  EXPECT_THAT(failure_of({"", interpreter("3.6.2"), "", ""}), HasSubstr("has no torch"));
  EXPECT_THAT(failure_of({"", "/nonexistent", "", ""}), HasSubstr("'/nonexistent' is no Python interpreter"));
}

TEST_F(Installing, SaysInOneLineWhatWentWrong) {
  write_uv("echo 'error: Failed to fetch: `x`'; echo '  cause: dns error'; exit 2");
  EXPECT_EQ(failure_of({"1.4.0", "", "", ""}), "Failed to fetch: `x`: dns error");
  write_uv("echo 'error: write: No space left on device (os error 28)'; exit 2");
  EXPECT_EQ(failure_of({"1.4.0", "", "", ""}), "no space left on the disk");
  write_uv("printf '#!/bin/sh\\necho ImportError: libcudart; exit 1\\n' >$environment/bin/python");
  EXPECT_THAT(failure_of({"1.4.0", "", "", ""}), HasSubstr("cannot be imported: ImportError: libcudart"));
  EXPECT_FALSE(fs::exists(environments() / "torch-1.4.0.partial"));  // it would be broken the next time, too
  write_program(
      tools() / "python",
      "echo 'WARNING: Retrying after connection broken'; echo 'ERROR: No matching distribution'; exit 1");
  EXPECT_THAT(failure_of({"1.1.0", "", "", ""}), HasSubstr("no connection"));
}

TEST_F(Installing, GoesOnWhereItWasInterrupted) {
  write_uv("exit 2");
  failure_of({"1.4.0", "", "", ""});
  ASSERT_TRUE(fs::exists(environments() / "torch-1.4.0.partial/bin/python"));
  EXPECT_THAT(list_environments(environments()), ::testing::IsEmpty());
  write_uv("exit 0");
  installer().add({"1.4.0", "", "", ""});
  const std::string log = uv_log();
  EXPECT_EQ(log.find("venv"), log.rfind("venv"));  // made once
}

TEST_F(Installing, AsksForSpaceFirst) {
  free_bytes_ = 1'000'000'000;
  EXPECT_THAT(failure_of({"1.4.0", "", "", ""}), AllOf(HasSubstr("3 GB"), HasSubstr("0.9 GB free")));
  EXPECT_EQ(uv_log(), "");
  free_bytes_ = 4'000'000'000;  // enough for a build for the CPU alone, which there is not
  EXPECT_THAT(failure_of({"2.0.1", "", "", ""}), HasSubstr("8 GB"));
  EXPECT_THAT(uv_log(), HasSubstr("--torch-backend cpu"));
}

TEST_F(Installing, RefusesNamesThatLeaveTheFolder) {
  EXPECT_THAT(failure_of({"../../x", "", "", ""}), HasSubstr("neither a version nor a name"));
  EXPECT_THAT(failure_of({"1.4.0", "", "a/b", ""}), HasSubstr("'a/b'"));
  EXPECT_THAT(failure_of({"1.4.0", "", "", "/nonexistent.txt"}), HasSubstr("no lock file"));
}

TEST(Requirements, AreThoseOfTheTime) {
  EXPECT_THAT(requirements_of("1.10.2"), ElementsAre("torch==1.10.2", "numpy<2", "setuptools<60"));
  EXPECT_THAT(requirements_of("2.0.1"), ElementsAre("torch==2.0.1", "numpy<2", "setuptools<60"));
  EXPECT_THAT(requirements_of("2.15.0"), ElementsAre("torch==2.15.0", "numpy"));
}

TEST(Requirements, LocksHoldPinsOnly) {
  EXPECT_EQ(pins_of("Using Python 3.7\ntorch==1.0.0\n-f /wheels\nnumpy==1.21.6\na warning: x==1 is old\n"),
            "torch==1.0.0\nnumpy==1.21.6\n");
}

TEST(Requirements, SpaceDependsOnTheVersion) {
  const std::uint64_t four = std::uint64_t{4} << 30;
  EXPECT_EQ(space_problem("1.12.1", four, "/x"), "");
  EXPECT_THAT(space_problem("2.0.1", four, "/x"),
              AllOf(HasSubstr("8 GB"), HasSubstr("4.0 GB free"), HasSubstr("'/x'")));
}

}  // namespace
}  // namespace lstmbench
