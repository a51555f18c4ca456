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
using ::testing::HasSubstr;
using ::testing::Not;

const PeerLibrary* const torch = find_library("torch");
const PeerLibrary* const jax = find_library("jax");
const PeerLibrary* const tensorflow = find_library("tensorflow");

// pip that knows an index of a few versions, uv that "installs" an interpreter which has them.
class Installing : public ::testing::Test {
 protected:
  void SetUp() override {
    interpreter("3.7.16");
    interpreter("3.11.7");
    write_program(tools() / "pip", "exit 1");
    write_program(tools() / "python", R"(for last; do :; done
package=$(echo "$*" | sed 's/.*versions \([^ ]*\) .*/\1/')
case "$package $last" in
  "torch 3.7") echo "Available versions: 1.4.0, 1.1.0, 1.0.0" ;;
  "torch 3.9") echo "Available versions: 1.10.2" ;;
  "torch 3.11") echo "Available versions: 2.15.0, 2.0.1" ;;
  "jax 3.7" | "jaxlib 3.7") echo "Available versions: 0.3.25" ;;
  "jax 3.11" | "jaxlib 3.11") echo "Available versions: 0.10.2, 0.9.0" ;;
  "tensorflow-cpu 3.7") echo "Available versions: 2.20.0, 2.11.0" ;;
  "tensorflow-cpu 3.11") echo "Available versions: 2.20.0" ;;
  *) echo "ERROR: No matching distribution found for torch"; exit 1 ;;
esac)");
    write_uv("exit 0");
  }

  // on_install: shell commands of `uv pip install`; $environment is the folder, $* the words.
  void write_uv(const std::string& on_install) {
    write_program(tools() / "uv", "echo \"$*\" >>" + (root_.path() / "uv.log").string() + R"(
environment=$(echo "$*" | sed -n 's/.*--python \([^ ]*\)\/bin\/python.*/\1/p')
library=$(echo "$*" | sed -n 's/.*bin\/python \(torch\|jax\|tensorflow\).*/\1/p')
version=$(echo "$*" | sed -n 's/.*bin\/python [a-z-]*==\([^ ]*\).*/\1/p')
case "$1 $2" in
  "venv "*) for last; do :; done; mkdir -p $last/bin
     printf '#!/bin/sh\nexit 1\n' >$last/bin/python; chmod +x $last/bin/python ;;
  "pip freeze") echo "torch==frozen" ;;
  "pip install") case "$*" in *--torch-backend*) exit 1 ;; esac
     printf '#!/bin/sh\necho %s %s+cu1\n' $library ${version:-9.9.1} >$environment/bin/python
     )" + on_install + " ;;\nesac");
  }

  fs::path tools() const { return root_.path() / "data/uv/bin"; }
  fs::path environments() const { return root_.path() / "data/environments"; }
  // With a library ("torch 1.0.0"), or without any.
  std::string interpreter(const std::string& version, const std::string& library = "") {
    const fs::path program = root_.path() / "pyenv/versions" / version / "bin/python";
    write_program(program, "case \"$*\" in *__version__*) " +
                               (library.empty() ? "echo no module; exit 1" : "echo " + library) +
                               " ;; *) echo " + version + " ;; esac");
    return program.string();
  }
  Installer installer() {
    PeerPlaces places;
    places.interpreters = {"", root_.path() / "pyenv", root_.path() / "none", ""};
    places.free_bytes = free_bytes_;
    places.data = root_.path() / "data";
    places.workers = root_.path() / "workers";
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
  const auto environment = installer().add({torch, "1.4.0"});
  EXPECT_EQ(environment.python, "3.7.16");
  EXPECT_EQ(environment.folder, environments() / "torch-1.4.0");
  EXPECT_THAT(uv_log(), HasSubstr("torch==1.4.0 numpy<2 setuptools<60"));
  EXPECT_TRUE(fs::exists(environment.folder / "lock.txt"));
  EXPECT_FALSE(fs::exists(environments() / "torch-1.4.0.partial"));
  EXPECT_EQ(list_environments(environments()).size(), 1U);
  installer().add({torch, "1.4.0"});
  EXPECT_THAT(said_, HasSubstr("already there"));
}

TEST_F(Installing, InstallsEachLibrary) {
  EXPECT_EQ(installer().add({jax, "0.9.0"}).folder, environments() / "jax-0.9.0");
  EXPECT_THAT(uv_log(), HasSubstr("jax==0.9.0 flax optax numpy\n"));
  EXPECT_EQ(installer().add({tensorflow, "2.11.0"}).folder, environments() / "tensorflow-2.11.0");
  EXPECT_THAT(uv_log(),
              AllOf(HasSubstr("tensorflow-cpu==2.11.0 numpy\n"), Not(HasSubstr("--torch-backend"))));
  EXPECT_THAT(said_, AllOf(HasSubstr("jax 0.9.0: installing for Python 3.11.7"),
                           HasSubstr("tensorflow 2.11.0: installing for Python 3.7.16")));
  const auto all = list_environments(environments());
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(label(*all[0].library, all[0].version), "jax 0.9.0");
  EXPECT_EQ(label(*all[1].library, all[1].version), "tensorflow 2.11.0");
}

TEST_F(Installing, WithoutAVersionTheNewestTakesPartInEveryRun) {
  const auto environment = installer().add({jax, ""});
  EXPECT_EQ(environment.folder, environments() / "jax");
  EXPECT_EQ(environment.python, "3.11.7");
  EXPECT_EQ(environment.version, "9.9.1") << "what was installed";
  EXPECT_EQ(list_environments(environments())[0].version, "9.9.1");
  EXPECT_THAT(uv_log(), HasSubstr("jax flax optax numpy\n"));
  said_.clear();
  EXPECT_EQ(installer().add({jax, ""}).version, "9.9.1");
  EXPECT_EQ(said_, "jax 9.9.1: already there as jax\n");
  EXPECT_EQ(installer().add({tensorflow, ""}).python, "3.11.7") << "of two with the newest the newer one";
  EXPECT_EQ(installer().add({torch, ""}).folder, environments() / "torch");
  EXPECT_THAT(uv_log(), HasSubstr("torch numpy --torch-backend cpu\n"));
}

TEST_F(Installing, TheNewestIsTakenAlthoughAnOlderOneHasABuildForANewerPython) {
  interpreter("3.12.1");
  write_program(tools() / "python", R"(case "$*" in
  *3.12) echo "Available versions: 2.16.0" ;;
  *3.11) echo "Available versions: 2.21.0, 2.16.0" ;;
  *) echo "ERROR: No matching distribution found"; exit 1 ;;
esac)");
  EXPECT_EQ(installer().add({tensorflow, ""}).python, "3.11.7");
}

TEST_F(Installing, SaysWhereNoInterpreterFitsTheNewest) {
  EXPECT_THAT(failure_of({jax, "", interpreter("3.9.1")}),
              AllOf(HasSubstr("builds for Python 3.7, 3.11;"), HasSubstr("is 3.9.1")));
  write_program(tools() / "python", "echo 'ERROR: No matching distribution found'; exit 1");
  EXPECT_THAT(failure_of({jax, ""}), HasSubstr("no build of it for this system"));
}

TEST_F(Installing, PrefersTheInterpreterOfALockFileAndObeysIt) {
  interpreter("3.12.1");
  write_program(tools() / "python", "echo 'Available versions: 2.0.1'");
  fs::create_directories(root_.path() / "workers/pytorch/locks");
  std::ofstream(root_.path() / "workers/pytorch/locks/torch-2.0.1-python3.11.txt") << "torch==2.0.1\n";
  EXPECT_EQ(installer().add({torch, "2.0.1"}).python, "3.11.7");
  EXPECT_THAT(
      uv_log(),
      HasSubstr("-c " + (root_.path() / "workers/pytorch/locks/torch-2.0.1-python3.11.txt").string()));
}

TEST_F(Installing, UnknownVersionNamesTheNearest) {
  EXPECT_THAT(failure_of({torch, "1.0.5"}), AllOf(HasSubstr("1.0.0, 1.1.0"), HasSubstr("nearest")));
  EXPECT_THAT(failure_of({torch, "0.4.0"}), AllOf(HasSubstr("1.0.0"), HasSubstr("--python PATH")));
}

TEST_F(Installing, SaysWhatToInstallWhereNoInterpreterFits) {
  EXPECT_THAT(failure_of({torch, "1.10.2"}),
              AllOf(HasSubstr("builds for Python 3.9"), HasSubstr("found: 3.11, 3.7"),
                    HasSubstr("pyenv install 3.9")));
  EXPECT_THAT(failure_of({torch, "2.0.1", interpreter("3.7.16")}), HasSubstr("builds for Python 3.11"));
}

TEST_F(Installing, TakesAnInterpreterThatHasTorch) {
  const std::string old = interpreter("3.6.1", "torch 0.3.1.post2");
  const auto environment = installer().add({torch, "0.3.1post2", old});
  EXPECT_EQ(environment.version + " " + environment.origin, "0.3.1.post2 " + old);
  EXPECT_EQ(uv_log(), "");
  EXPECT_EQ(installer().add({torch, "", old, "torch-mine", {}, true}).name, "torch-mine");
  EXPECT_THAT(failure_of({torch, "", interpreter("3.6.2"), "", {}, true}), HasSubstr("has no torch"));
  EXPECT_THAT(failure_of({torch, "", "/nonexistent", "", {}, true}),
              HasSubstr("'/nonexistent' is no Python interpreter"));
}

TEST_F(Installing, TakesAnInterpreterThatHasTheLibraryAskedFor) {
  const std::string old = interpreter("3.9.1", "jax 0.4.30");
  const auto environment = installer().add({jax, "", old});
  EXPECT_EQ(environment.folder, environments() / "jax") << "it takes part in every run";
  EXPECT_EQ(environment.version + " " + environment.origin, "0.4.30 " + old);
  EXPECT_EQ(installer().add({jax, "0.4.30", old}).name, "jax-0.4.30");
  EXPECT_THAT(failure_of({tensorflow, "", old}), HasSubstr("builds for Python 3.7, 3.11;"));
}

TEST_F(Installing, RefusesNamesOfOtherLibraries) {
  EXPECT_THAT(failure_of({torch, "1.4.0", "", "jax"}), HasSubstr("--name: 'jax'"));
  installer().add({jax, "0.9.0", "", "mine"});
  EXPECT_THAT(failure_of({torch, "1.4.0", "", "mine"}), HasSubstr("'mine' is jax 0.9.0 already"));
  EXPECT_EQ(installer().add({jax, "0.9.0", "", "jax"}).folder, environments() / "jax") << "for every run";
}

TEST_F(Installing, SaysInOneLineWhatWentWrong) {
  write_uv("echo 'error: Failed to fetch: `x`'; echo '  cause: dns error'; exit 2");
  EXPECT_EQ(failure_of({torch, "1.4.0"}), "Failed to fetch: `x`: dns error");
  write_uv("echo 'error: write: No space left on device (os error 28)'; exit 2");
  EXPECT_EQ(failure_of({torch, "1.4.0"}), "no space left on the disk");
  write_uv("printf '#!/bin/sh\\necho ImportError: libcudart; exit 1\\n' >$environment/bin/python");
  EXPECT_THAT(failure_of({torch, "1.4.0"}), HasSubstr("cannot be imported: ImportError: libcudart"));
  EXPECT_FALSE(fs::exists(environments() / "torch-1.4.0.partial"));  // it would be broken the next time, too
  write_program(
      tools() / "python",
      "echo 'WARNING: Retrying after connection broken'; echo 'ERROR: No matching distribution'; exit 1");
  EXPECT_THAT(failure_of({torch, "1.1.0"}), HasSubstr("no connection"));
}

TEST_F(Installing, GoesOnWhereItWasInterrupted) {
  write_uv("exit 2");
  failure_of({torch, "1.4.0"});
  ASSERT_TRUE(fs::exists(environments() / "torch-1.4.0.partial/bin/python"));
  EXPECT_THAT(list_environments(environments()), ::testing::IsEmpty());
  write_uv("exit 0");
  installer().add({torch, "1.4.0"});
  const std::string log = uv_log();
  EXPECT_EQ(log.find("venv"), log.rfind("venv"));  // made once
}

TEST_F(Installing, AsksForSpaceFirst) {
  free_bytes_ = 1'000'000'000;
  EXPECT_THAT(failure_of({torch, "1.4.0"}), AllOf(HasSubstr("3 GB"), HasSubstr("0.9 GB free")));
  EXPECT_EQ(uv_log(), "");
  free_bytes_ = 4'000'000'000;  // enough for a build for the CPU alone, which there is not
  EXPECT_THAT(failure_of({torch, "2.0.1"}), HasSubstr("8 GB"));
  EXPECT_THAT(uv_log(), HasSubstr("--torch-backend cpu"));
}

TEST_F(Installing, RefusesNamesThatLeaveTheFolder) {
  EXPECT_THAT(failure_of({torch, "../../x"}), HasSubstr("neither a version nor a name"));
  EXPECT_THAT(failure_of({torch, "1.4.0", "", "a/b"}), HasSubstr("'a/b'"));
  EXPECT_THAT(failure_of({torch, "1.4.0", "", "", "/nonexistent.txt"}), HasSubstr("no lock file"));
}

TEST(Requirements, LocksHoldPinsOnly) {
  EXPECT_EQ(pins_of("Using Python 3.7\ntorch==1.0.0\n-f /wheels\nnumpy==1.21.6\na warning: x==1 is old\n"),
            "torch==1.0.0\nnumpy==1.21.6\n");
}

TEST(Requirements, SpaceDependsOnTheVersion) {
  const std::uint64_t four = std::uint64_t{4} << 30;
  EXPECT_EQ(space_problem(*torch, "1.12.1", four, "/x"), "");
  EXPECT_THAT(space_problem(*torch, "2.0.1", four, "/x"),
              AllOf(HasSubstr("8 GB"), HasSubstr("4.0 GB free"), HasSubstr("'/x'")));
  EXPECT_THAT(space_problem(*torch, "", four, "/x"), HasSubstr("8 GB"));  // the newest
  EXPECT_EQ(space_problem(*tensorflow, "2.20.0", four, "/x"), "");
  EXPECT_THAT(space_problem(*jax, "", four / 4, "/x"), HasSubstr("1.5 GB"));
}

}  // namespace
}  // namespace lstmbench
