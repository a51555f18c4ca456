#include "peers/environments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bench/peers/fake_programs.h"
#include "peers/program.h"
#include "temporary_directory.h"

namespace lstmbench {
namespace {

namespace fs = std::filesystem;

class Environments : public ::testing::Test {
 protected:
  PeerEnvironment make(const std::string& name, const std::string& version) {
    const fs::path folder = root_.path() / name;
    write_program(folder / "bin/python", "exit 0");
    PeerEnvironment environment{name, version, "3.7.16", "installed", folder};
    describe_environment(environment);
    return environment;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const auto& one : list_environments(root_.path())) result.push_back(one.name);
    return result;
  }

  TemporaryDirectory root_;
};

TEST_F(Environments, AreListedByVersionWithoutWhatIsNotComplete) {
  make("torch-1.10.2", "1.10.2");
  make("torch-1.4.0", "1.4.0");
  make("torch-2.0.1.partial", "2.0.1");
  fs::create_directories(root_.path() / "onednn" / "lib");
  std::ofstream(root_.path() / "a file") << "x";
  EXPECT_THAT(names(), ::testing::ElementsAre("torch-1.4.0", "torch-1.10.2"));
  EXPECT_THAT(list_environments("/nonexistent"), ::testing::IsEmpty());
}

TEST_F(Environments, OfSetupSayTheirVersionThroughTheInstalledPackage) {
  write_program(root_.path() / "torch/bin/python", "exit 0");
  fs::create_directories(root_.path() / "torch/lib/python3.11/site-packages/torch-2.15.0+cpu.dist-info");
  std::ofstream(root_.path() / "torch/pyvenv.cfg") << "home = /usr/bin\nversion_info = 3.11.7\n";
  const auto found = list_environments(root_.path());
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].version + " " + found[0].python, "2.15.0 3.11.7");
}

TEST_F(Environments, AreFoundByNameThenByVersion) {
  make("torch-1.0.0", "1.0.0");
  make("torch-1.0.0-python2.7", "1.0.0");
  make("torch", "2.15.0");
  const auto all = list_environments(root_.path());
  EXPECT_EQ(find_environment(all, "1.0.0")->name, "torch-1.0.0");
  EXPECT_EQ(find_environment(all, "1.0.0-python2.7")->name, "torch-1.0.0-python2.7");
  EXPECT_EQ(find_environment(all, "2.15.0")->name, "torch");
  EXPECT_FALSE(find_environment(all, "1.0.1"));
  EXPECT_FALSE(find_environment(all, ""));
}

TEST_F(Environments, DamagedDescriptionsAreNotEnvironments) {
  std::ofstream(make("torch-1.0.0", "1.0.0").folder / "peer.json") << "{\"version\": ";
  EXPECT_THAT(names(), ::testing::IsEmpty());
}

TEST_F(Environments, LaunchersStartTheInterpreterWithItsPackages) {
  const fs::path odd = root_.path() / "an 'odd' folder" / "python";
  write_program(odd, "echo \"$PYTHONPATH|$1\"");
  write_launcher(root_.path() / "e", odd.string(), "packages");
  const auto result =
      run_program({(root_.path() / "e/bin/python").string(), "a b"}, {}, std::chrono::seconds(20));
  EXPECT_EQ(last_line(result.output), (root_.path() / "e/bin/../packages").string() + "|a b");
}

TEST_F(Environments, AreRemoved) {
  const auto environment = make("torch-1.0.0", "1.0.0");
  EXPECT_GT(folder_bytes(environment.folder), 20U);
  remove_environment(environment);
  EXPECT_THAT(names(), ::testing::IsEmpty());
  EXPECT_TRUE(fs::is_empty(root_.path()));
}

}  // namespace
}  // namespace lstmbench
