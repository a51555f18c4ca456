// The gate that cases pass before they are timed, with workers that do not do as they should.
#include "run/check_gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bench/check/wrong_worker.h"

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

TEST(CheckGate, AFailureIsNotThatOfTheNextCase) {
  const WorkerCommand worker = wrong_worker("broken-by-basic");
  const std::vector<Case> cases{case_of(worker, "native/fused"), case_of(worker, "native/basic"),
                                case_of(worker, "native/fused@again")};
  RunOptions options;
  options.threads = {1};
  TemporaryDirectory directory;
  const std::vector<GateResult> results = check_cases(
      cases, options, native_worker(), directory, [](const Case&, int) {},
      [](std::size_t, const GateResult&) {});
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(to_string(results[0].status), "OK") << results[0].message;
  EXPECT_EQ(to_string(results[1].status), "FAILED");
  EXPECT_THAT(results[1].message, HasSubstr("illegal memory access"));
  EXPECT_EQ(to_string(results[2].status), "OK") << "of a worker that had failed: " << results[2].message;
}

}  // namespace
}  // namespace lstmbench
