#include "protocol/requests.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "workload/builtin.h"

namespace lstmbench {
namespace {

TEST(Requests, PrepareIsAsTheDocumentationShowsIt) {
  Case a_case;
  a_case.workload = *builtin_workload("4x320/CTC-long");
  a_case.implementation = "native/basic@variant";
  a_case.threads = 2;
  const auto expected = nlohmann::json::parse(R"(
{"id": 2, "request": "prepare", "implementation": "native/basic", "dtype": "fp32", "device": "cpu", "threads": 2,
 "network": {"inputs": 123, "units": 320, "layers": 4, "directions": 2, "classes": 59, "loss": "ctc"},
 "batch": {"samples": 32, "time_steps": 1000, "max_labels": 100},
 "optimizer": {"name": "adam", "learning_rate": 0.001, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
 "directory": "/tmp/lstmbench-x/problem"})");
  EXPECT_EQ(nlohmann::json::parse(encode_prepare(2, a_case, "/tmp/lstmbench-x/problem")), expected);
  a_case.workload = *builtin_workload("1x320/CE-short");
  const auto cross_entropy = nlohmann::json::parse(encode_prepare(2, a_case, "/d"));
  EXPECT_EQ(cross_entropy["network"]["loss"], "cross-entropy");
  EXPECT_EQ(cross_entropy["batch"]["max_labels"], 1);
}

TEST(Requests, TheOthersAreAsTheDocumentationShowsThem) {
  EXPECT_EQ(encode_hello(1), R"({"id":1,"request":"hello","protocol":1})");
  EXPECT_EQ(encode_check(3, "/tmp/g"), R"({"id":3,"request":"check","directory":"/tmp/g"})");
  EXPECT_EQ(encode_run(4, 5), R"({"id":4,"request":"run","steps":5})");
  EXPECT_EQ(encode_memory(6), R"({"id":6,"request":"memory"})");
  EXPECT_EQ(encode_peak(5, 2, 0.5, false), R"({"id":5,"request":"peak","threads":2,"seconds":0.5})");
  EXPECT_EQ(encode_peak(5, 2, 0.5, true),
            R"({"id":5,"request":"peak","threads":2,"seconds":0.5,"quick":true})");
  EXPECT_EQ(encode_quit(7), R"({"id":7,"request":"quit"})");
}

TEST(Requests, StayOnOneLineWhateverAPathHolds) {
  EXPECT_EQ(encode_check(1, "a\nb\"\xff"),
            "{\"id\":1,\"request\":\"check\",\"directory\":\"a\\nb\\\"\xEF\xBF\xBD\"}");
}

}  // namespace
}  // namespace lstmbench
