#include "peers/package_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
  PackageIndex index({"sh", "-c", "echo 'No module named pip'; exit 1"});
  try {
    index.versions_for("3.7");
    FAIL() << "expected an error";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("No module named pip"));
  }
}

}  // namespace
}  // namespace lstmbench
