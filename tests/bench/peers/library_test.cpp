#include "peers/library.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lstmbench {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> requirements(const char* library, const std::string& version) {
  return requirements_of(*find_library(library), version);
}

TEST(Requirements, AreThoseOfTheTime) {
  EXPECT_THAT(requirements("torch", "1.10.2"), ElementsAre("torch==1.10.2", "numpy<2", "setuptools<60"));
  EXPECT_THAT(requirements("torch", "2.0.1"), ElementsAre("torch==2.0.1", "numpy<2", "setuptools<60"));
  EXPECT_THAT(requirements("torch", "2.15.0"), ElementsAre("torch==2.15.0", "numpy"));
}

TEST(Requirements, OfTheNewestAreNotPinned) {
  EXPECT_THAT(requirements("torch", ""), ElementsAre("torch", "numpy"));
  EXPECT_THAT(requirements("jax", ""), ElementsAre("jax", "flax", "optax", "numpy"));
  EXPECT_THAT(requirements("tensorflow", ""), ElementsAre("tensorflow-cpu", "numpy"));
}

TEST(Libraries, AreFoundByTheirNameAndByTheirWorkers) {
  EXPECT_EQ(find_library("torch")->worker, "pytorch");
  EXPECT_EQ(library_of_worker("pytorch"), find_library("torch"));
  EXPECT_EQ(find_library("pytorch"), nullptr);
  EXPECT_EQ(library_of_worker("native"), nullptr);
  EXPECT_EQ(library_names(), "torch, jax, tensorflow");
}

TEST(Libraries, AreAskedForTheirVersionWithAllThatTheWorkerImports) {
  EXPECT_EQ(version_program(*find_library("jax")),
            "import numpy, flax, optax, jax; print('jax ' + jax.__version__)");
}

}  // namespace
}  // namespace lstmbench
