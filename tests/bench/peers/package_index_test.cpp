#include "peers/package_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bench/peers/fake_programs.h"
#include "temporary_directory.h"

namespace lstmbench {
namespace {

TEST(PackageIndex, ReadsWhatPipWrites) {
  EXPECT_THAT(
      parse_available_versions("WARNING: experimental\ntorch (1.4.0)\nAvailable versions: 1.4.0, 1.0.0\n  x"),
      ::testing::ElementsAre("1.4.0", "1.0.0"));
  EXPECT_THAT(parse_available_versions("Available versions: 1.0.0"), ::testing::ElementsAre("1.0.0"));
  EXPECT_THAT(parse_available_versions("ERROR: No matching distribution found"), ::testing::IsEmpty());
}

TEST(PackageIndex, SaysWhyItCannotBeAsked) {
  PackageIndex index({"sh", "-c", "echo 'No module named pip'; exit 1"}, *find_library("torch"));
  try {
    index.versions_for("3.7");
    FAIL() << "expected an error";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("No module named pip"));
  }
}

TEST(PackageIndex, CountsVersionsWhoseOtherPackageHasABuild) {
  const std::vector<std::string> builds{"0.9.0", "0.5.1", "0.4.38"};
  EXPECT_TRUE(has_fitting_build("0.9.0", builds));
  EXPECT_TRUE(has_fitting_build("0.5.2", builds)) << "there is no jaxlib 0.5.2: jax 0.5.2 takes 0.5.1";
  EXPECT_FALSE(has_fitting_build("0.5.0", builds));
  EXPECT_FALSE(has_fitting_build("0.10.0", builds));
}

TEST(PackageIndex, AsksForThePackagesOfTheLibrary) {
  const TemporaryDirectory folder;
  const std::string pip = (folder / "pip").string();
  write_program(pip, R"(case "$*" in
  *"versions jaxlib "*"--python-version 3.11") echo "Available versions: 0.9.0, 0.5.1" ;;
  *"versions jax "*) echo "Available versions: 0.10.0, 0.9.0, 0.5.2, 0.1" ;;
  *"versions tensorflow-cpu "*"--python-version 3.9") echo "Available versions: 2.20.0" ;;
  *) echo "ERROR: No matching distribution found"; exit 1 ;;
esac)");
  PackageIndex jax({pip}, *find_library("jax")), tensorflow({pip}, *find_library("tensorflow"));
  EXPECT_THAT(jax.versions_for("3.11"), ::testing::ElementsAre("0.9.0", "0.5.2"));
  EXPECT_THAT(jax.versions_for("3.12"), ::testing::IsEmpty());
  EXPECT_THAT(tensorflow.pythons_of("2.20.0"), ::testing::ElementsAre("3.9"));
  EXPECT_THAT(tensorflow.pythons_of(""), ::testing::ElementsAre("3.9"));
}

}  // namespace
}  // namespace lstmbench
