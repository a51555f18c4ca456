#include "verdict/missing_case.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "bench/verdict/example_runs.h"
#include "run/settings.h"

namespace lstmbench {
namespace {

using ::testing::HasSubstr;

StoredCase measured(const std::string& implementation = "native/fused") {
  StoredCase stored = case_with_times(1, implementation, times_around(10, 6), "1x320/CE-short");
  stored.record.a_case.workload.source = "built in";
  stored.record.a_case.worker.name = implementation.substr(0, implementation.find('/'));
  return stored;
}

RunOptions default_options() {
  RunOptions options;
  options.threads = {2};
  return options;
}

StoredRun run_with(const RunOptions& options) {
  StoredRun run = run_of({});
  run.run.settings = settings_text(options, {});
  return run;
}

TEST(MissingCase, OptionsThatLeaveItOutAreNamed) {
  const auto note = [](auto change, const std::string& implementation = "native/fused") {
    RunOptions options = default_options();
    change(options);
    const MissingCase missing = explain_missing(run_with(options), measured(implementation));
    EXPECT_FALSE(missing.is_wanted) << missing.note;
    return missing.note;
  };
  EXPECT_THAT(note([](RunOptions& o) { o.workloads = {"4x320/*"}; }), HasSubstr("(--workload)"));
  EXPECT_THAT(note([](RunOptions& o) {
                o.implementations = {"native/sequence", "onednn/*"};
              }),
              HasSubstr("(--implementation)"));
  EXPECT_THAT(note([](RunOptions& o) { o.dtypes = {"bf16"}; }), HasSubstr("(--dtype)"));
  EXPECT_THAT(note([](RunOptions& o) { o.device = "cuda"; }), HasSubstr("(--device)"));
  EXPECT_THAT(note([](RunOptions& o) { o.threads = {1}; }), HasSubstr("(--threads)"));
  EXPECT_THAT(note([](RunOptions& o) { o.leaves_out_peers = true; }, "onednn/lstm"),
              HasSubstr("(--no-peers)"));
  EXPECT_THAT(note([](RunOptions&) {}, "native/reference"), HasSubstr("(the default selection)"));
}

TEST(MissingCase, WhatWasAskedForIsWanted) {
  RunOptions options = default_options();
  EXPECT_TRUE(explain_missing(run_with(options), measured()).is_wanted);
  options.workloads = {"1x320/*"};
  options.implementations = {"native/*"};
  options.dtypes = {"fp32", "bf16"};
  EXPECT_TRUE(explain_missing(run_with(options), measured()).is_wanted);
  options.implementations = {"onednn/lstm"};
  options.baseline = "native/fused";
  EXPECT_TRUE(explain_missing(run_with(options), measured()).is_wanted);
}

TEST(MissingCase, WhatAFileDoesNotSayCountsAsWanted) {
  for (const char* settings : {"", "{}", "[1", "{\"workloads\": 3}"}) {
    StoredRun run = run_of({});
    run.run.settings = settings;
    const MissingCase missing = explain_missing(run, measured());
    EXPECT_TRUE(missing.is_wanted);
    EXPECT_EQ(missing.note, "missing in the second run");
  }
}

TEST(MissingCase, SaysWhyItsWorkerCouldNotMeasureIt) {
  StoredRun run = run_with(default_options());
  run.run.notes = {"native/fused does not run 1x320/CE-short: no AVX2 here"};
  const MissingCase unsupported = explain_missing(run, measured());
  EXPECT_TRUE(unsupported.is_wanted);
  EXPECT_THAT(unsupported.note, HasSubstr("missing in the second run: native/fused does not run"));
  LibraryRecord gone;
  gone.worker.name = "onednn";
  gone.problem = "no such program";
  run.libraries = {gone};
  const MissingCase missing = explain_missing(run, measured("onednn/lstm"));
  EXPECT_TRUE(missing.is_wanted);
  EXPECT_THAT(missing.note, HasSubstr("its worker 'onednn' was not available: no such program"));
}

}  // namespace
}  // namespace lstmbench
