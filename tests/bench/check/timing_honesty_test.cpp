#include "check/timing_honesty.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lstmbench {
namespace {

using testing::HasSubstr;
using testing::Optional;

constexpr std::int64_t ms = 1'000'000;

WorkerSession::Run run_of(int steps, std::int64_t step_ns, std::int64_t elapsed_ns) {
  StepTimes step;
  step.input_ns = step.forward_ns = step.loss_ns = step.backward_ns = step_ns / 5;
  step.update_ns = step_ns - 4 * (step_ns / 5);
  return {std::vector<StepTimes>(static_cast<std::size_t>(steps), step), elapsed_ns, 0};
}

TEST(TimingHonesty, PhasesThatFillTheRequestAreFine) {
  EXPECT_EQ(timing_fault(run_of(5, 200 * ms, 1003 * ms), false), std::nullopt);
  EXPECT_EQ(timing_fault(run_of(5, 200 * ms, 1000 * ms), false), std::nullopt);
  EXPECT_EQ(timing_fault(run_of(1, 1000, 100'000), false), std::nullopt);  // a tiny step
}

TEST(TimingHonesty, MoreTimeThanPassedIsAFault) {
  EXPECT_EQ(timing_fault(run_of(5, 200 * ms, 981 * ms), false), std::nullopt);  // clocks differ a little
  EXPECT_THAT(timing_fault(run_of(5, 200 * ms, 975 * ms), false),
              Optional(HasSubstr("add up to 1000.0 ms, but they took 975.0 ms")));
  EXPECT_NE(timing_fault(run_of(5, 200 * ms, 975 * ms), true), std::nullopt);
}

TEST(TimingHonesty, TimeUnaccountedForIsAFault) {
  EXPECT_EQ(timing_fault(run_of(5, 200 * ms, 1130 * ms), false), std::nullopt);
  EXPECT_THAT(timing_fault(run_of(5, 200 * ms, 1140 * ms), false),
              Optional(HasSubstr("account for 1000.0 ms only")));
}

TEST(TimingHonesty, ABusyMachineIsNobodysFault) {
  auto run = run_of(5, 200 * ms, 1300 * ms);
  EXPECT_NE(timing_fault(run, false), std::nullopt);
  run.kept_ns = 200 * ms;
  EXPECT_EQ(timing_fault(run, false), std::nullopt);
  run.elapsed_ns = 900 * ms;
  EXPECT_NE(timing_fault(run, false), std::nullopt) << "more than passed stays more";
}

// A reply of a thousand steps takes longer to write and read than tiny steps take themselves.
TEST(TimingHonesty, ManyTinyStepsMayTakeTimeToReport) {
  EXPECT_EQ(timing_fault(run_of(1000, ms / 30, 120 * ms), false), std::nullopt);
  EXPECT_NE(timing_fault(run_of(1000, ms / 30, 180 * ms), false), std::nullopt);
}

TEST(TimingHonesty, TheFirstRequestMayWarmUp) {
  EXPECT_EQ(timing_fault(run_of(5, 200 * ms, 4000 * ms), true), std::nullopt);
  EXPECT_NE(timing_fault(run_of(5, 200 * ms, 4400 * ms), true), std::nullopt);
}

TEST(TimingHonesty, TheDevicesClockMustTellTheSame) {
  WorkerSession::Run run = run_of(5, 200 * ms, 1003 * ms);
  const auto with_device_ns = [&](std::int64_t nanoseconds) {
    for (StepTimes& step : run.steps) step.device_ns = nanoseconds;
    return timing_fault(run, false);
  };
  EXPECT_EQ(with_device_ns(120 * ms), std::nullopt);  // forward, loss and backward of 40 ms each
  EXPECT_EQ(with_device_ns(119 * ms), std::nullopt);  // 0.8 % less: launches and waking up
  EXPECT_THAT(with_device_ns(118 * ms),
              Optional(HasSubstr("600.000 ms by the host's clock, 590.000 ms by the device's")));
  EXPECT_NE(with_device_ns(122 * ms), std::nullopt);
}

TEST(TimingHonesty, TheHostMayBeHeldUpInSomeSteps) {
  WorkerSession::Run run = run_of(5, 200 * ms, 1003 * ms);
  for (StepTimes& step : run.steps) step.device_ns = 120 * ms;
  run.steps[1].device_ns = run.steps[3].device_ns = 60 * ms;
  EXPECT_EQ(timing_fault(run, false), std::nullopt);
  run.steps[4].device_ns = 60 * ms;
  EXPECT_NE(timing_fault(run, false), std::nullopt);
  run.steps.resize(2);
  run.elapsed_ns = 401 * ms;
  EXPECT_EQ(timing_fault(run, false), std::nullopt);
  run.steps[1].device_ns = 125 * ms;  // but not in place of waiting for the device
  run.steps[0].device_ns = 120 * ms;
  EXPECT_NE(timing_fault(run, false), std::nullopt);
}

TEST(TimingHonesty, YearsDoNotOverflow) {
  const std::int64_t year = 365LL * 24 * 3600 * 1000 * ms;
  WorkerSession::Run run{std::vector<StepTimes>(1000), 1000 * ms, 0};
  for (StepTimes& step : run.steps) step = {year, year, year, year, year, 0};
  EXPECT_NE(timing_fault(run, false), std::nullopt);
}

}  // namespace
}  // namespace lstmbench
