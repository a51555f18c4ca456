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
  PeerEnvironment make(const std::string& name, const std::string& version,
                       const std::string& library = "torch") {
    const fs::path folder = root_.path() / name;
    write_program(folder / "bin/python", "exit 0");
    PeerEnvironment environment{find_library(library), name, version, "3.7.16", "installed", folder};
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

TEST_F(Environments, OfOlderFilesAreTorchs) {
  std::ofstream(make("torch-1.0.0", "1.0.0").folder / "peer.json") << R"({"version": "1.0.0"})";
  std::ofstream(make("mine", "1.0.1").folder / "peer.json") << R"({"version": "1.0.1"})";
  std::ofstream(make("other", "3.0").folder / "peer.json") << R"({"library": "keras", "version": "3.0"})";
  const auto found = list_environments(root_.path());
  ASSERT_EQ(found.size(), 2U);
  for (const auto& one : found) EXPECT_EQ(one.library->name, "torch");
}

TEST_F(Environments, AreListedByLibraryThenByVersion) {
  make("tensorflow-2.20.0", "2.20.0", "tensorflow");
  make("jax", "0.10.2", "jax");
  make("jax-0.9.0", "0.9.0", "jax");
  make("torch-2.0.1", "2.0.1");
  EXPECT_THAT(names(), ::testing::ElementsAre("torch-2.0.1", "jax-0.9.0", "jax", "tensorflow-2.20.0"));
}

TEST_F(Environments, OfEachLibrarySayTheirVersionThroughTheInstalledPackage) {
  for (const char* package : {"jax/lib/python3.11/site-packages/jaxlib-0.9.1.dist-info",
                              "jax/lib/python3.11/site-packages/jax-0.9.0.dist-info",
                              "tensorflow/lib/python3.11/site-packages/tensorflow_cpu-2.20.0.dist-info"})
    fs::create_directories(root_.path() / package);
  for (const char* name : {"jax", "tensorflow"}) write_program(root_.path() / name / "bin/python", "exit 0");
  const auto found = list_environments(root_.path());
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(label(*found[0].library, found[0].version), "jax 0.9.0");
  EXPECT_EQ(label(*found[1].library, found[1].version), "tensorflow 2.20.0");
}

TEST_F(Environments, ThatRunsWouldTakeCountEvenWhereTheyAreDamaged) {
  write_program(root_.path() / "jax/bin/python", "exit 1");
  const auto all = list_environments(root_.path());
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].version, "");
  EXPECT_TRUE(find_environment(all, *find_library("jax"), "")) << "so that it can be removed";
}

TEST_F(Environments, AreFoundByNameThenByVersion) {
  make("torch-1.0.0", "1.0.0");
  make("torch-1.0.0-python2.7", "1.0.0");
  make("torch", "2.15.0");
  make("jax-1.0.0", "1.0.0", "jax");
  const auto all = list_environments(root_.path());
  const auto name = [&](const char* library, const std::string& version) {
    const auto found = find_environment(all, *find_library(library), version);
    return found ? found->name : "none";
  };
  EXPECT_EQ(name("torch", "1.0.0"), "torch-1.0.0");
  EXPECT_EQ(name("torch", "1.0.0-python2.7"), "torch-1.0.0-python2.7");
  EXPECT_EQ(name("torch", "2.15.0"), "torch");
  EXPECT_EQ(name("torch", "1.0.1"), "none");
  EXPECT_EQ(name("torch", ""), "torch");
  EXPECT_EQ(name("jax", "1.0.0"), "jax-1.0.0");
  EXPECT_EQ(name("jax", "2.15.0"), "none");
  EXPECT_EQ(name("jax", ""), "none");
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
