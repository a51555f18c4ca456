#include "check/conformance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "bench/check/wrong_worker.h"
#include "bench/process/misbehaving_worker.h"
#include "temporary_directory.h"

namespace lstmbench {
namespace {

using Outcome = ConformanceResult::Outcome;

std::vector<ConformanceResult> results_of(const WorkerCommand& worker) {
  const TemporaryDirectory directory;
  std::size_t announced = 0;
  auto results = run_conformance(worker, native_worker(), directory.path(),
                                 [&](const ConformanceResult&) { ++announced; });
  EXPECT_EQ(announced, results.size());
  return results;
}

std::string all(const std::vector<ConformanceResult>& results) {
  std::string text;
  for (const ConformanceResult& result : results)
    text += to_string(result.outcome) + "  " + result.test + "  " + result.explanation + "\n";
  return text;
}

TEST(Conformance, TheNativeWorkerPassesEveryTest) {
  const auto results = results_of(native_worker());
  EXPECT_GT(results.size(), 20u);
  for (const ConformanceResult& result : results)
    EXPECT_EQ(result.outcome, Outcome::passed) << result.test << ": " << result.explanation;
}

TEST(Conformance, AWorkerThatComputesNothingFailsWhatItShould) {
  const auto results = results_of(misbehaving_worker());
  std::map<std::string, Outcome> outcomes;
  for (const ConformanceResult& result : results) outcomes[result.test] = result.outcome;
  EXPECT_EQ(outcomes.at("hello"), Outcome::passed);
  EXPECT_EQ(outcomes.at("quit: replies, then exits with status 0"), Outcome::passed);
  EXPECT_EQ(outcomes.at("end-of-file on descriptor 3: exits"), Outcome::passed);
  EXPECT_EQ(outcomes.at("unknown request: bad-request, and usable after it"), Outcome::failed);
  EXPECT_EQ(outcomes.at("unknown implementation: an error, and usable after it"), Outcome::failed);
  EXPECT_EQ(outcomes.at("check and run before prepare: errors, and usable after them"), Outcome::failed);
  EXPECT_EQ(outcomes.at("echo/plain: a problem without files is an error, and usable after it"),
            Outcome::failed);
  EXPECT_EQ(outcomes.at("echo/plain fp32 1x7/CE"), Outcome::failed);
  EXPECT_EQ(std::count_if(results.begin(), results.end(),
                          [](const auto& result) { return result.outcome == Outcome::passed; }),
            3)
      << all(results);
}

TEST(Conformance, WhatIsUnsupportedIsNeitherPassedNorFailed) {
  const auto results = results_of(misbehaving_worker("unsupported", "prepare"));
  const auto is_numbers = [](const ConformanceResult& result) {
    return result.test.starts_with("echo/plain fp32");
  };
  EXPECT_EQ(std::count_if(results.begin(), results.end(), is_numbers), 8);
  for (const ConformanceResult& result : results) {
    EXPECT_EQ(result.outcome == Outcome::unsupported, is_numbers(result)) << result.test;
  }
}

TEST(Conformance, AWorkerThatIgnoresTheEndOfItsRequestsFailsThatTest) {
  const TemporaryDirectory directory;
  const auto results = run_conformance(misbehaving_worker("ignores-end-of-file"), native_worker(),
                                       directory.path(), {}, std::chrono::seconds(3));
  const auto found = std::find_if(results.begin(), results.end(), [](const ConformanceResult& result) {
    return result.test == "end-of-file on descriptor 3: exits";
  });
  ASSERT_NE(found, results.end());
  EXPECT_EQ(found->outcome, Outcome::failed);
  EXPECT_NE(found->explanation.find("TIMEOUT"), std::string::npos) << found->explanation;
}

TEST(Conformance, AWorkerThatCannotSayHelloFailsWithoutEnd) {
  const auto results = results_of({"false", {"false"}, {}});
  EXPECT_EQ(results.size(), 6u);
  for (const ConformanceResult& result : results) EXPECT_EQ(result.outcome, Outcome::failed) << result.test;
}

TEST(Conformance, WrongNumbersFail) {
  const auto results = results_of(wrong_worker("missing-bias-gradient"));
  for (const ConformanceResult& result : results) {
    const bool is_numbers = result.test.find("x7/") != std::string::npos;
    EXPECT_EQ(result.outcome, is_numbers ? Outcome::failed : Outcome::passed)
        << result.test << ": " << result.explanation;
  }
}

}  // namespace
}  // namespace lstmbench
