#include "run/fitness_notes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "machine/cpus.h"

namespace lstmbench {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Heard : public SilentProgress {
 public:
  void say(const std::string& line) override { lines.push_back(line); }
  std::vector<std::string> lines;
};

TEST(FitnessNotes, WarningsAreSaidAndKept) {
  Heard heard;
  EXPECT_THAT(fitness_notes({"it runs on its battery", "it is busy"}, "when the run began", heard),
              ElementsAre("when the run began: it runs on its battery", "when the run began: it is busy"));
  EXPECT_THAT(heard.lines, ElementsAre("warning: it runs on its battery", "warning: it is busy"));
  EXPECT_TRUE(fitness_notes({}, "when the run began", heard).empty());
  EXPECT_EQ(heard.lines.size(), 2u);
}

TEST(FitnessNotes, CrowdingIsOfRunsOnTheCpu) {
  RunOptions options;
  options.threads = {1, usable_cpus(SystemFiles()) + 1};
  std::vector<std::string> warnings = {"it is busy"};
  add_crowding(warnings, options, SystemFiles());
  EXPECT_THAT(warnings, ElementsAre("it is busy", HasSubstr("wait for each other")));
  options.device = "cuda";
  add_crowding(warnings, options, SystemFiles());
  options.device = "cpu";
  options.threads = {1};
  add_crowding(warnings, options, SystemFiles());
  EXPECT_EQ(warnings.size(), 2u);
}

}  // namespace
}  // namespace lstmbench
