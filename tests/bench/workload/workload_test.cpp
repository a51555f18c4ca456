#include "workload/workload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <numeric>

#include "workload/builtin.h"
#include "workload/lengths.h"

namespace lstmbench {
namespace {

TEST(Workload, ParametersOfTheOriginal) {
  EXPECT_EQ(builtin_workload("1x320/CE-short")->parameters(), 572'800);
  EXPECT_EQ(builtin_workload("1x320/CE-long")->parameters(), 572'800);
  EXPECT_EQ(builtin_workload("4x320/CE-long")->parameters(), 8'533'760);
  EXPECT_EQ(builtin_workload("4x320/CTC-long")->parameters(), 8'565'120);
  EXPECT_EQ(builtin_workload("4x320/CTC-padded")->parameters(), 8'565'120);
}

TEST(Workload, UsefulWork) {
  EXPECT_NEAR(builtin_workload("1x320/CE-short")->flops() / 1e9, 19.8, 0.05);
  EXPECT_NEAR(builtin_workload("1x320/CE-long")->flops() / 1e9, 98.8, 0.05);
  EXPECT_NEAR(builtin_workload("4x320/CE-long")->flops() / 1e9, 1613, 0.5);
  EXPECT_NEAR(builtin_workload("4x320/CTC-long")->flops() / 1e9, 1210, 2);
  EXPECT_NEAR(builtin_workload("4x320/CTC-padded")->flops() / 1e9, 1613, 0.5);
}

TEST(Workload, ADeepNetworkIsCountedLayerByLayer) {
  Workload workload = *builtin_workload("4x320/CE-long");
  workload.layers = 1;
  const auto one = workload.parameters();
  const double one_flops = workload.flops();
  workload.layers = 2;
  const auto upper = workload.parameters() - one;
  const double upper_flops = workload.flops() - one_flops;
  workload.layers = 2'000'000'000;  // a loop over them would be noticed
  EXPECT_EQ(workload.parameters(), one + 1'999'999'999 * upper);
  EXPECT_DOUBLE_EQ(workload.flops(), one_flops + 1'999'999'999 * upper_flops);
}

TEST(Workload, BuiltInsAreValidAndNamedOnce) {
  for (const Workload& workload : builtin_workloads()) {
    EXPECT_NO_THROW(validate(workload));
    EXPECT_EQ(builtin_workload(workload.name)->name, workload.name);
  }
  EXPECT_FALSE(builtin_workload("1x320"));
}

TEST(Lengths, AreNumpysInt32OfLinspace) {
  EXPECT_EQ(int32_linspace(500, 1000, 32),
            (std::vector<std::int32_t>{500, 516, 532, 548, 564, 580, 596, 612, 629, 645, 661,
                                       677, 693, 709, 725, 741, 758, 774, 790, 806, 822, 838,
                                       854, 870, 887, 903, 919, 935, 951, 967, 983, 1000}));
  EXPECT_EQ(int32_linspace(1, 16, 12).back(), 16);  // 11 steps of 15 / 11 come to less than 15
  EXPECT_EQ(int32_linspace(3, 9, 1), std::vector<std::int32_t>{3});
  EXPECT_EQ(int32_linspace(3, 9, 2), (std::vector<std::int32_t>{3, 9}));
  EXPECT_EQ(int32_linspace(4, 4, 3), (std::vector<std::int32_t>{4, 4, 4}));
}

TEST(Lengths, PaddingIsSeenByTheLossOnly) {
  const Workload padded = *builtin_workload("4x320/CTC-padded");
  EXPECT_TRUE(padded.has_equal_lengths());
  EXPECT_EQ(lstm_lengths(padded).front(), 1000);
  EXPECT_EQ(loss_lengths(padded).front(), 500);
  const Workload packed = *builtin_workload("4x320/CTC-long");
  EXPECT_FALSE(packed.has_equal_lengths());
  EXPECT_EQ(lstm_lengths(packed), loss_lengths(packed));
}

TEST(Lengths, TheirSumNeedsNoList) {
  for (const Workload& workload : builtin_workloads()) {
    const auto lengths = lstm_lengths(workload);
    EXPECT_EQ(lstm_steps(workload), std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0}))
        << workload.name;
  }
  Workload one = *builtin_workload("4x320/CTC-long");
  one.samples = 1;
  EXPECT_EQ(lstm_steps(one), 500);
}

struct Fault {
  const char* message;
  std::function<void(Workload&)> make;
};

TEST(Workload, ValidationNamesTheFieldAndWhatIsExpected) {
  const Fault faults[] = {
      {"layers is 0, expected at least 1", [](Workload& w) { w.layers = 0; }},
      {"units is 0, expected at least 1", [](Workload& w) { w.units = 0; }},
      {"directions is 3, expected 1 or 2", [](Workload& w) { w.directions = 3; }},
      {"classes is 1, expected at least 2", [](Workload& w) { w.classes = 1; }},
      {"samples is -1, expected at least 1", [](Workload& w) { w.samples = -1; }},
      {"time_steps is 0, expected at least 1", [](Workload& w) { w.time_steps = 0; }},
      {"channels is 0, expected at least 1", [](Workload& w) { w.channels = 0; }},
      {"min_length is 0, expected at least 1", [](Workload& w) { w.min_length = 0; }},
      {"min_length is 1001, expected at most time_steps (1000)", [](Workload& w) { w.min_length = 1001; }},
      {"labels is 0, expected at least 1", [](Workload& w) { w.labels = 0; }},
      {"labels is 501, but a sample of min_length (500) steps has room for 500",
       [](Workload& w) { w.labels = 501; }},
      {"labels is 100, expected 1", [](Workload& w) { w.loss = Loss::cross_entropy; }},
      {"pads is true, but only CTC",
       [](Workload& w) {
         w.loss = Loss::cross_entropy;
         w.labels = 1;
         w.pads = true;
       }},
      {"samples is 1048577, expected at most 1048576", [](Workload& w) { w.samples = (1 << 20) + 1; }},
      {"samples is 2000000000, expected at most 1048576", [](Workload& w) { w.samples = 2'000'000'000; }},
      {"samples * time_steps * channels is", [](Workload& w) { w.samples = w.channels = 200'000; }},
      {"parameters, expected at most 2^40", [](Workload& w) { w.units = 1'000'000; }},
      {"a name may hold letters", [](Workload& w) { w.name = "two words"; }},
      {"has no name", [](Workload& w) { w.name = ""; }},
  };
  for (const Fault& fault : faults) {
    Workload workload = *builtin_workload("4x320/CTC-long");
    fault.make(workload);
    try {
      validate(workload);
      ADD_FAILURE() << "accepted: " << fault.message;
    } catch (const std::invalid_argument& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr(fault.message));
    }
  }
}

TEST(Workload, TheMostLabelsThatMayFitAreAccepted) {
  Workload workload = *builtin_workload("4x320/CTC-long");
  workload.labels = workload.min_length;
  EXPECT_NO_THROW(validate(workload));
}

}  // namespace
}  // namespace lstmbench
