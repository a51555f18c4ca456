#include "run/worker_registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bench/peers/fake_programs.h"
#include "temporary_directory.h"

namespace lstmbench {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;

class WorkerRegistry : public ::testing::Test {
 protected:
  std::string python_of(const std::string& environment) {
    const fs::path python = data_.path() / "environments" / environment / "bin/python";
    write_program(python, "exit 0");
    return python.string();
  }
  std::vector<std::string> commands() const {
    std::vector<std::string> result;
    for (const auto& worker : known_workers(places_, configuration_)) {
      std::string& text = result.emplace_back(worker.name + ":");
      for (const auto& word : worker.arguments) text += " " + word;
    }
    return result;
  }

  TemporaryDirectory data_;
  WorkerPlaces places_{"/p/bin", "/s", "", data_.path()};
  Configuration configuration_;
};

TEST_F(WorkerRegistry, LooksForPyTorchEverywhereAndForOthersWhereTheyWereInstalled) {
  EXPECT_THAT(commands(), ElementsAre("native: /p/bin/lstm-worker-native",
                                      "pytorch: python3 /s/workers/pytorch/worker.py"));
  python_of("jax-0.9.0");
  EXPECT_EQ(commands().size(), 2U) << "a version is measured where it is asked for";
  const std::string torch = python_of("torch"), jax = python_of("jax"), tensorflow = python_of("tensorflow");
  EXPECT_THAT(commands(), ElementsAre("native: /p/bin/lstm-worker-native",
                                      "pytorch: " + torch + " /s/workers/pytorch/worker.py",
                                      "jax: " + jax + " /s/workers/jax/worker.py",
                                      "tensorflow: " + tensorflow + " /s/workers/tensorflow/worker.py"));
}

TEST_F(WorkerRegistry, AnInterpreterThatWasNamedIsPyTorchs) {
  places_.python = "/mine/python";
  const std::string jax = python_of("jax");
  EXPECT_THAT(commands(), ElementsAre("native: /p/bin/lstm-worker-native",
                                      "pytorch: /mine/python /s/workers/pytorch/worker.py",
                                      "jax: " + jax + " /s/workers/jax/worker.py"));
}

TEST_F(WorkerRegistry, AUsersWorkerTakesThePlaceOfOneOfItsName) {
  configuration_.workers = {{"jax", {"my-jax"}, {}}};
  EXPECT_THAT(commands(), ElementsAre("native: /p/bin/lstm-worker-native",
                                      "pytorch: python3 /s/workers/pytorch/worker.py", "jax: my-jax"));
  python_of("jax");
  const std::string tensorflow = python_of("tensorflow");
  EXPECT_THAT(commands(), ElementsAre("native: /p/bin/lstm-worker-native",
                                      "pytorch: python3 /s/workers/pytorch/worker.py", "jax: my-jax",
                                      "tensorflow: " + tensorflow + " /s/workers/tensorflow/worker.py"));
}

TEST_F(WorkerRegistry, OnlyPyTorchsWorkerCallsThisProjectsEngine) {
  places_.programs = data_.path() / "bin";
  const std::string engine = (data_.path() / "lib/liblstm_c.so").string();
  write_program(engine, "");
  EXPECT_THAT(library_worker(places_, *find_library("torch"), "python", "2.0.1").arguments,
              ElementsAre("python", "/s/workers/pytorch/worker.py", "--engine", engine));
  EXPECT_THAT(library_worker(places_, *find_library("jax"), "python", "0.9.0").arguments,
              ElementsAre("python", "/s/workers/jax/worker.py"));
}

}  // namespace
}  // namespace lstmbench
