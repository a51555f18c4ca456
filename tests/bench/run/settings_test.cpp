#include "run/settings.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace lstmbench {
namespace {

TEST(Settings, OptionsComeBackAsTheyWere) {
  RunOptions options;
  options.workloads = {"w"};
  options.threads = {2, 3};
  options.rounds = 5;
  options.budget_s = 7;
  options.precision = 0.5;
  options.controls = Controls::every_case;
  options.check = CheckMode::full;
  options.protocol = Protocol::seed;
  options.baseline = "a/b";
  const std::string text = settings_text(options, {"--check", "full"});
  const Settings again = read_settings(text);
  EXPECT_EQ(settings_text(again.options, again.case_arguments), text);
  EXPECT_EQ(again.options.rounds, 5);
  EXPECT_FALSE(again.options.steps);
  EXPECT_EQ(again.options.controls, Controls::every_case);
}

TEST(Settings, OthersAreRefused) {
  for (const char* text : {"", "{}", "[]", "{\"workloads\": 3}"})
    EXPECT_THROW(read_settings(text), std::invalid_argument) << text;
}

}  // namespace
}  // namespace lstmbench
