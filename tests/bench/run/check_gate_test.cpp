// The gate that cases pass before they are timed, with workers that do not do as they should.
#include "run/check_gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bench/check/wrong_worker.h"
#include "store/results_file.h"

namespace lstmbench {
namespace {

using testing::HasSubstr;

Case case_of(const WorkerCommand& worker, const std::string& implementation) {
  Case a_case;
  a_case.workload.name = "small";
  a_case.workload.units = 5;
  a_case.workload.classes = 3;
  a_case.workload.samples = 2;
  a_case.workload.time_steps = 4;
  a_case.workload.min_length = 4;
  a_case.workload.channels = 3;
  a_case.implementation = implementation;
  a_case.worker = worker;
  return a_case;
}

std::vector<GateResult> check(const std::vector<Case>& cases, CheckMode mode,
                              const WorkerCommand& reference) {
  RunOptions options;
  options.threads = {1};
  options.check = mode;
  TemporaryDirectory directory;
  std::vector<GateResult> results(cases.size());
  check_cases(
      cases, options, reference, directory, [](const Case&, int) {},
      [&](std::size_t i, const GateResult& result) { results[i] = result; });
  return results;
}

TEST(CheckGate, AFailureIsNotThatOfTheNextCase) {
  const WorkerCommand worker = wrong_worker("broken-by-basic");
  const std::vector<Case> cases{case_of(worker, "native/fused"), case_of(worker, "native/basic"),
                                case_of(worker, "native/fused@again")};
  const std::vector<GateResult> results = check(cases, CheckMode::slice, native_worker());
  EXPECT_EQ(to_string(results[0].status), "OK") << results[0].message;
  EXPECT_EQ(to_string(results[1].status), "FAILED");
  EXPECT_THAT(results[1].message, HasSubstr("illegal memory access"));
  EXPECT_EQ(to_string(results[2].status), "OK") << "of a worker that had failed: " << results[2].message;
}

TEST(CheckGate, FullIsAtLeastAsStrictAsASlice) {
  Case a_case = case_of(wrong_worker("no-backward"), "native/fused");
  a_case.workload.samples = 6;  // more than a slice has
  for (const CheckMode mode : {CheckMode::slice, CheckMode::full}) {
    const GateResult result = check({a_case}, mode, native_worker()).front();
    EXPECT_EQ(to_string(result.status), "INCORRECT") << to_string(mode);
    EXPECT_THAT(result.message, HasSubstr("training steps do not apply the checked gradients"));
    EXPECT_FALSE(result.check.passed);
  }
  a_case.worker = wrong_worker("wrong-beyond-the-slice");
  EXPECT_EQ(to_string(check({a_case}, CheckMode::slice, native_worker()).front().status), "OK");
  const GateResult result = check({a_case}, CheckMode::full, native_worker()).front();
  EXPECT_EQ(to_string(result.status), "INCORRECT");
  EXPECT_EQ(result.check.mode, CheckMode::full);
}

TEST(CheckGate, AReferenceThatFailedIsNotComputedForEachCase) {
  TemporaryDirectory directory;
  const auto starts = directory.path() / "starts";
  const WorkerCommand broken{"native", {"sh", "-c", "echo >>" + starts.string() + "; exit 3"}, {}};
  const std::vector<GateResult> results =
      check({case_of(native_worker(), "native/fused"), case_of(native_worker(), "native/basic")},
            CheckMode::slice, broken);
  for (const GateResult& result : results) {
    EXPECT_EQ(to_string(result.status), "FAILED");
    EXPECT_THAT(result.message, HasSubstr("reference (native/reference) could not be computed"));
  }
  EXPECT_EQ(std::filesystem::file_size(starts), 1u) << "lines, one a start";
}

}  // namespace
}  // namespace lstmbench
