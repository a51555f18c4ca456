#include "case/case.h"

#include <gtest/gtest.h>

#include "workload/builtin.h"

namespace lstmbench {
namespace {

TEST(Case, IsNamedByEverythingThatTellsItFromOthers) {
  Case a_case;
  a_case.workload = *builtin_workload("1x320/CE-short");
  a_case.implementation = "pytorch/LSTM@tuned";
  a_case.version = "2.15.0";
  a_case.threads = 2;
  EXPECT_EQ(a_case.id(), "1x320/CE-short pytorch/LSTM@tuned 2.15.0 fp32 cpu 2t");
  EXPECT_EQ(a_case.worker_implementation(), "pytorch/LSTM");
  a_case.implementation = "native/basic";
  EXPECT_EQ(a_case.worker_implementation(), "native/basic");
}

TEST(Status, HasTheNamesOfTheReport) {
  EXPECT_EQ(to_string(Status::ok), "OK");
  EXPECT_EQ(to_string(Status::incorrect), "INCORRECT");
  EXPECT_EQ(to_string(Status::unsupported), "UNSUPPORTED");
  EXPECT_EQ(to_string(Status::out_of_memory), "OUT_OF_MEMORY");
  EXPECT_EQ(to_string(Status::timeout), "TIMEOUT");
  EXPECT_EQ(to_string(Status::crashed), "CRASHED");
  EXPECT_EQ(to_string(Status::failed), "FAILED");
  EXPECT_EQ(to_string(Status::interrupted), "INTERRUPTED");
}

}  // namespace
}  // namespace lstmbench
