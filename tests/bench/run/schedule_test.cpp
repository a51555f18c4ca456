#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "run/options.h"
#include "run/round_schedule.h"
#include "run/step_policy.h"

namespace lstmbench {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(RoundSchedule, CasesOfAWorkloadStayTogetherAndTakeTurns) {
  const std::vector<ScheduledCase> cases{{"a", 1, false}, {"b", 1, false}, {"a", 1, false}, {"a", 1, false}};
  EXPECT_THAT(order_of_round(cases, 1), ElementsAre(0, 2, 3, 1));
  EXPECT_THAT(order_of_round(cases, 2), ElementsAre(2, 3, 0, 1));
  EXPECT_THAT(order_of_round(cases, 3), ElementsAre(3, 0, 2, 1));
  std::set<std::size_t> first;
  for (int round = 1; round <= 3; ++round) first.insert(order_of_round(cases, round).front());
  EXPECT_EQ(first.size(), 3u);
}

TEST(RoundSchedule, WhatFailedIsNotRepeated) {
  EXPECT_THAT(order_of_round({{"a", 1, true}, {"a", 1, false}}, 2), ElementsAre(1));
  EXPECT_THAT(order_of_round({{"a", 1, true}}, 2), IsEmpty());
}

TEST(RoundSchedule, TakesTheCheapestThatFit) {
  const std::vector<ScheduledCase> cases{{"a", 60, false}, {"a", 5, false}, {"a", 6, false}};
  EXPECT_THAT(that_fit({2, 0, 1}, cases, 15), ElementsAre(2, 1));
  EXPECT_THAT(that_fit({2, 0, 1}, cases, 100), ElementsAre(2, 0, 1));
  EXPECT_THAT(that_fit({2, 0, 1}, cases, -1), IsEmpty());
}

TEST(RoundSchedule, ACaseAloneHasNothingToBeComparedWith) {
  EXPECT_THAT(that_fit({0, 1}, {{"a", 60, false}, {"a", 5, false}}, 10), IsEmpty());
  EXPECT_THAT(that_fit({0}, {{"a", 5, false}}, 10), ElementsAre(0));  // it is all there is
}

TEST(RoundSchedule, AControlGoesWithItsCase) {
  std::vector<ScheduledCase> cases{{"a", 5, false}, {"a", 6, false}, {"a", 5, false, 0}};
  EXPECT_THAT(order_of_round(cases, 1), ElementsAre(0, 1, 2));
  EXPECT_THAT(that_fit({0, 1, 2}, cases, 16), ElementsAre(0, 1, 2));
  EXPECT_THAT(that_fit({0, 2}, {{"a", 5, false}, {"a", 60, false}, {"a", 4, false, 0}}, 4.5), IsEmpty());
  cases[0].is_over = true;
  EXPECT_THAT(order_of_round(cases, 1), ElementsAre(1));
}

struct Counts {
  int warmup = 0, timed = 0;
  bool is_cold = false;
};

// What a policy asks for where every step takes so long.
Counts count(const RunOptions& options, double step_s) {
  StepPolicy policy(options);
  Counts counts;
  double spent_s = 0;
  for (int done = 0;;) {
    const auto request = policy.next(done, done == 0 ? 0 : step_s, spent_s);
    if (request.steps == 0) break;
    (request.is_warmup ? counts.warmup : counts.timed) += request.steps;
    done += request.steps;
    spent_s += request.steps * step_s;
    if (done > 10'000) {
      ADD_FAILURE() << "never ends";
      break;
    }
  }
  counts.is_cold = policy.is_cold();
  return counts;
}

TEST(StepPolicy, ShortStepsAreWarmedUpForASecondAndRepeatedOften) {
  const Counts counts = count({}, 0.05);
  EXPECT_GE(counts.warmup * 0.05, 1);
  EXPECT_GE(counts.warmup, 10);
  EXPECT_EQ(counts.timed, 30);
  EXPECT_GE(count({}, 0.9).warmup, 2);
  EXPECT_GE(count({}, 0.9).timed, 3);
}

TEST(StepPolicy, StepsThatStillBecomeFasterAreWarmedUpLongerButNotForever) {
  const auto warmup_s = [](double factor) {
    StepPolicy policy({});
    double step_s = 0.1, spent_s = 0;
    int done = 0;
    for (auto request = policy.next(0, 0, 0); request.is_warmup;
         request = policy.next(done, step_s, spent_s)) {
      step_s = std::max(0.01, step_s * factor);
      done += request.steps;
      spent_s += request.steps * step_s;
    }
    return spent_s;
  };
  EXPECT_LT(warmup_s(1), 1.3);
  EXPECT_GT(warmup_s(0.9), warmup_s(1) + 0.05);
  EXPECT_LT(warmup_s(0.96), 4);
}

TEST(StepPolicy, LongStepsAreTakenOnceOrTwice) {
  const Counts counts = count({}, 5);
  EXPECT_EQ(counts.warmup, 1);
  EXPECT_EQ(counts.timed, 1);
  EXPECT_FALSE(counts.is_cold);
}

TEST(StepPolicy, OfVeryLongStepsTheFirstIsTheMeasurement) {
  const Counts counts = count({}, 30);
  EXPECT_EQ(counts.warmup + counts.timed, 1);
  EXPECT_TRUE(counts.is_cold);
}

TEST(StepPolicy, OneLongStepAmongShortOnesIsNoMeasurement) {
  StepPolicy policy({});
  policy.next(0, 0, 0);
  policy.next(1, 0.1, 0.1);
  EXPECT_FALSE(policy.next(10, 30, 31).is_warmup);
  EXPECT_FALSE(policy.is_cold());
}

TEST(StepPolicy, NumbersThatWereAskedForAreKept) {
  RunOptions options;
  options.steps = 7;
  options.warmup = 2;
  for (const double step_s : {0.001, 0.5, 30.0}) {
    EXPECT_EQ(count(options, step_s).warmup, 2) << step_s;
    EXPECT_EQ(count(options, step_s).timed, 7) << step_s;
  }
  options.warmup = 0;
  EXPECT_EQ(count(options, 0.1).warmup, 0);
  EXPECT_EQ(count(options, 0.1).timed, 7);
  options.steps.reset();
  EXPECT_EQ(count(options, 0.1).warmup, 0);
  EXPECT_GE(count(options, 0.1).timed, 3);
}

TEST(StepPolicy, SeveralStepsInOneRequestStayWithinTheLimitOfOne) {
  RunOptions options;
  options.time_limit_s = 0.5;
  options.steps = 400;
  StepPolicy policy(options);
  double spent_s = 0;
  int done = 0;
  for (auto request = policy.next(0, 0, 0); request.steps > 0; request = policy.next(done, 0.04, spent_s)) {
    EXPECT_LE(request.steps * 0.04, options.time_limit_s / 2);
    done += request.steps;
    spent_s += request.steps * 0.04;
    ASSERT_LT(done, 10'000);
  }
}

// A reply is one line: no request may ask for more steps than fit into it, however fast they are.
TEST(StepPolicy, RequestsStaySmallAndEndEvenForStepsWithoutDuration) {
  RunOptions options;
  options.steps = 100'000;
  StepPolicy policy(options);
  double spent_s = 0;
  int done = 0, requests = 0;
  for (auto request = policy.next(0, 0, 0); request.steps > 0 && requests < 10'000;
       request = policy.next(done, 0, spent_s)) {
    EXPECT_LE(request.steps, 1000);
    done += request.steps;
    spent_s += request.steps * 1e-6;
    ++requests;
  }
  EXPECT_LT(requests, 10'000);
  EXPECT_GE(done, 100'000);
}

TEST(StepPolicy, TheSeedsProtocolIsFiveHundredStepsWithoutTheFirstHundred) {
  RunOptions options;
  options.protocol = Protocol::seed;
  EXPECT_EQ(count(options, 0.05).warmup, 100);
  EXPECT_EQ(count(options, 0.05).timed, 400);
}

TEST(Durations, AreReadAndShown) {
  EXPECT_DOUBLE_EQ(parse_duration("90"), 90);
  EXPECT_DOUBLE_EQ(parse_duration("1.5s"), 1.5);
  EXPECT_DOUBLE_EQ(parse_duration("1h30m5s"), 5405);
  for (const char* text : {"", "x", "10x", "-5", "0", "1m1h", "1m1m", "1e999", "1e300", "0x10", "1.2.3", ".",
                           "99999999999999999999h"})
    EXPECT_THROW(parse_duration(text), std::invalid_argument) << text;
  EXPECT_EQ(format_duration(0.00021), "210 us");
  EXPECT_EQ(format_duration(0.0042), "4.2 ms");
  EXPECT_EQ(format_duration(0.00999), "10 ms");
  EXPECT_EQ(format_duration(0.05), "50 ms");
  EXPECT_EQ(format_duration(4.25), "4.2 s");
  EXPECT_EQ(format_duration(59.6), "1:00 min");
  EXPECT_EQ(format_duration(3725), "1:02:05 h");
}

}  // namespace
}  // namespace lstmbench
