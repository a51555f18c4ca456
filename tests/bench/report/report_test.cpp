#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "bench/report/example_run.h"
#include "protocol/text.h"
#include "report/csv.h"
#include "report/json.h"
#include "report/markdown.h"
#include "report/model.h"
#include "report/terminal.h"
#include "report/text_width.h"

namespace lstmbench {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ReportModel, RanksAndCompares) {
  const Report report =
      build_report(stored_run({stored_case(1, "a/slow", {80, 160}), stored_case(2, "a/fast", {40, 80}),
                               failed_case("a/dead", Status::crashed, "killed", "")}));
  ASSERT_EQ(report.tables.size(), 1u);
  const auto& rows = report.tables[0].rows;
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].a_case.implementation, "a/fast");
  EXPECT_TRUE(rows[0].is_reference);
  EXPECT_DOUBLE_EQ(*rows[0].headline_median_ns, 60e6);  // of timed steps; warm-ups do not count
  EXPECT_DOUBLE_EQ(rows[0].relative->ratio, 1);
  EXPECT_DOUBLE_EQ(rows[1].relative->ratio, 2);
  EXPECT_DOUBLE_EQ(*rows[0].gflops, workload().flops() / 60e6);
  EXPECT_DOUBLE_EQ(*rows[0].peak_percent, 100 * *rows[0].gflops / 600);
  EXPECT_EQ(rows[2].status, "CRASHED");
  EXPECT_FALSE(rows[2].is_ranked());
  EXPECT_EQ(report.ok, 2);
  EXPECT_EQ(report.not_ok, 1);
}

TEST(ReportModel, ASlowRoundOfFewerStepsCountsAsMuchAsAnyOther) {
  auto run = stored_run({stored_case(1, "a/uneven", {90, 90, 90}), stored_case(2, "a/even", {50, 50, 50})});
  auto& samples = run.cases[0].rounds.at(1).samples;
  const auto timed = samples.back();
  for (int i = 1; i <= 20; ++i) {  // the one fast round
    samples.push_back(timed);
    samples.back().step += i;
    samples.back().times.forward_ns -= 50'000'000;
  }
  const auto rows = build_report(run).tables[0].rows;
  EXPECT_EQ(rows[0].a_case.implementation, "a/even");
  EXPECT_DOUBLE_EQ(*rows[1].headline_median_ns, 90e6);
  EXPECT_EQ(rows[1].rounds, 3);
}

TEST(ReportModel, ABaselineIsWhatOthersAreComparedWith) {
  auto run = stored_run({stored_case(1, "a/slow", {80}), stored_case(2, "a/fast", {40})});
  run.run.baseline = "a/slow";
  const auto rows = build_report(run).tables[0].rows;
  EXPECT_DOUBLE_EQ(rows[0].relative->ratio, 0.5);
  EXPECT_TRUE(rows[1].is_reference);
}

// The second round was a slow one, and not all of them were measured in it.
TEST(ReportModel, RowsAreOrderedByRatiosWithinRounds) {
  const Report report =
      build_report(stored_run({stored_case(1, "a/once", {44}), stored_case(2, "a/slow", {50, 100}),
                               stored_case(3, "a/fast", {40, 80})}));
  const auto& rows = report.tables[0].rows;
  EXPECT_EQ(rows[0].a_case.implementation, "a/fast");  // 60 ms in the middle
  EXPECT_TRUE(rows[0].is_reference);
  EXPECT_EQ(rows[1].a_case.implementation, "a/once");
  EXPECT_DOUBLE_EQ(rows[1].relative->ratio, 1.1);
  EXPECT_EQ(rows[2].a_case.implementation, "a/slow");
  EXPECT_THAT(
      report.footnotes,
      Contains("1x320/CE-short: up to 2 rounds, but too few to be compared in a/once 1.0+test (1 round)"));
}

TEST(ReportModel, SaysHowManyRoundsVerdictsTake) {
  std::vector<StoredCase> cases;
  for (int i = 0; i < 10; ++i)
    cases.push_back(stored_case(i + 1, "a/" + std::to_string(i), {40.0 + i, 41.0 + i}));
  auto run = stored_run(cases);
  EXPECT_EQ(build_report(run).tables[0].rounds_for_verdicts, 11);
  EXPECT_THAT(build_report(run).footnotes,
              Contains(HasSubstr("1x320/CE-short: 2 rounds are too few for verdicts, which take 11")));
  run.run.baseline = "a/3";
  EXPECT_EQ(build_report(run).tables[0].rounds_for_verdicts, 9);
}

TEST(ReportModel, SaysWhereTheBaselineHasNoTime) {
  auto run = stored_run({stored_case(1, "a/slow", {80}), stored_case(2, "a/fast", {40})});
  run.run.baseline = "a/none";
  EXPECT_THAT(build_report(run).footnotes,
              Contains("1x320/CE-short: the baseline a/none has no time there; ratios are to a/fast"));
}

// Ten rounds in which the same program took a quarter longer the second time.
StoredRun unfit_run() {
  const std::vector<double> once(10, 40), again(10, 50);
  auto run = stored_run({stored_case(1, "a/x", once), stored_case(2, "a/y", once)});
  run.controls = {stored_case(3, "a/x", again)};
  run.controls[0].record.role = Role::control;
  return run;
}

TEST(ReportTerminal, SaysBeforeAnyNumberThatTheMachineIsUnfit) {
  const std::string text = render_terminal(build_report(unfit_run()), {80, true, true});
  ASSERT_NE(text.find("UNFIT: a/x"), std::string::npos);
  EXPECT_LT(text.find("UNFIT: a/x"), text.find("implementation"));
  EXPECT_EQ(text.find("UNFIT", text.find("UNFIT") + 1), std::string::npos);  // once
}

TEST(ReportJson, HasTheControls) {
  const auto document = nlohmann::json::parse(render_json(build_report(unfit_run())));
  EXPECT_EQ(document["unfit"], true);
  ASSERT_EQ(document["controls"].size(), 1u);
  EXPECT_EQ(document["controls"][0]["implementation"], "a/x");
  EXPECT_EQ(document["controls"][0]["verdict"], "SLOWER");
  EXPECT_DOUBLE_EQ(document["controls"][0]["relative"]["ratio"], 1.25);
  EXPECT_THAT(document["notes"][0].get<std::string>(), HasSubstr("UNFIT"));
}

TEST(ReportModel, WithoutACheckNothingIsOk) {
  auto unchecked = stored_case(1, "a/b", {10});
  unchecked.check.reset();
  const Report report = build_report(stored_run({unchecked}));
  EXPECT_EQ(report.tables[0].rows[0].status, "UNCHECKED");
  EXPECT_EQ(report.ok, 0);
  EXPECT_EQ(report.unchecked, 1);
}

TEST(ReportModel, ACaseThatWasNeverMeasuredIsNotOk) {
  EXPECT_EQ(build_report(stored_run({stored_case(1, "a/b", {})})).tables[0].rows[0].status, "INTERRUPTED");
}

TEST(ReportModel, ThePeakIsThatOfTheDtype) {
  auto half = stored_case(1, "a/b", {10});
  half.record.a_case.dtype = "bf16";
  auto exact = stored_case(2, "a/b", {10});
  exact.record.a_case.dtype = "fp64";
  const Report report = build_report(stored_run({half, exact}));
  ASSERT_EQ(report.tables.size(), 2u);  // dtypes are not compared with one another
  EXPECT_DOUBLE_EQ(*report.tables[0].peak_gflops, 1200);
  EXPECT_FALSE(report.tables[1].peak_gflops);
  EXPECT_FALSE(report.tables[1].rows[0].peak_percent);
}

TEST(ReportModel, AProductInBf16x3TakesThreeOfThePeak) {
  auto split = stored_case(1, "a/b", {10});
  split.record.a_case.dtype = "bf16x3";
  EXPECT_DOUBLE_EQ(*build_report(stored_run({split})).tables[0].peak_gflops, 400);
}

TEST(ReportModel, WithoutInstructionsForBf16ThePeakIsThatOfFp32) {
  for (const char* dtype : {"bf16", "bf16x3"}) {
    auto half = stored_case(1, "a/b", {10});
    half.record.a_case.dtype = dtype;
    auto run = stored_run({half});
    for (auto& [number, round] : run.rounds)
      for (auto& reading : round.peaks) reading.rates.bf16_gflops.reset();
    EXPECT_DOUBLE_EQ(*build_report(run).tables[0].peak_gflops, 600);
  }
}

TEST(ReportModel, ThePeakIsThatOfAsManyThreads) {
  auto run = stored_run({stored_case(1, "a/b", {10})});
  PeakReading one_thread{1, {}};
  one_thread.rates.fp32_gflops = 300;
  for (auto& [number, round] : run.rounds) round.peaks.insert(round.peaks.end(), 3, one_thread);
  EXPECT_DOUBLE_EQ(*build_report(run).tables[0].peak_gflops, 600);
}

TEST(ReportModel, SeedProtocolShowsMeanAndDeviationOfWholeSteps) {
  auto run = stored_run({stored_case(1, "a/b", {40, 80})});
  run.run.protocol = "seed";
  const Report report = build_report(run);
  EXPECT_TRUE(report.shows_whole_steps);
  EXPECT_DOUBLE_EQ(*report.tables[0].rows[0].total_mean_ns, 60e6 + 3000);
}

// As a terminal shows it: escape sequences take no room.
int widest_line(const std::string& text, const std::string& but) {
  int widest = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (line.find(but) == std::string::npos) widest = std::max(widest, text_width(line));
  return widest;
}

TEST(ReportModel, SaysWhatTheHarnessCost) {
  auto run = stored_run({stored_case(1, "a/b", {10})});
  EXPECT_TRUE(build_report(run).footnotes.empty()) << "not known of runs of older versions";
  run.sittings = {{1, "", "", {1'000'000, 999'000, 2'000}}, {2, "", "", {1'000'000, 998'000, 4'000}}};
  const Report report = build_report(run);
  ASSERT_EQ(report.footnotes.size(), 1u);
  EXPECT_THAT(report.footnotes[0], HasSubstr("0.15 % of the measured time"));
  EXPECT_THAT(report.footnotes[0], HasSubstr("0.30 % of one CPU"));
  EXPECT_EQ(nlohmann::json::parse(render_json(report))["run"]["harness"]["request_ns"], 2'000'000);
}

TEST(Terminal, FitsIntoItsWidth) {
  const auto run =
      stored_run({stored_case(1, "pytorch/LSTM-flipped@tuned", {40, 80}),
                  stored_case(2, "native/sequence", {12345, 12345}),
                  failed_case("pytorch/LSTM-packed", Status::out_of_memory, std::string(300, 'm') + " word",
                              std::string(500, 'l') + "\nlast")});
  for (const int width : {60, 80, 100, 132})
    for (const bool unicode : {false, true})
      EXPECT_LE(widest_line(render_terminal(build_report(run), {width, false, unicode}), "again: "), width)
          << render_terminal(build_report(run), {width, false, unicode});
}

// Where a word is cut, it is between characters: whatever its length is to that of a line.
TEST(Terminal, CutsNoCharacter) {
  for (int characters = 70; characters < 90; ++characters) {
    std::string word;
    for (int i = 0; i < characters; ++i) word += "\u00e9";
    const std::string text = render_terminal(
        build_report(stored_run({failed_case("a/dead", Status::failed, word, word)})), {80, false, true});
    EXPECT_TRUE(is_valid_utf8(text)) << characters << "\n" << text;
  }
}

TEST(Terminal, SaysWhatFailedAndHowToRepeatIt) {
  const std::string text = render_terminal(
      build_report(
          stored_run({failed_case("a/dead", Status::timeout, "no step finished in 60 s", "one\ntwo")})),
      {80, false, false});
  EXPECT_THAT(text, HasSubstr("TIMEOUT  no step finished in 60 s"));
  EXPECT_THAT(text, HasSubstr("  | two"));
  EXPECT_THAT(text, HasSubstr("again: lstmbench run --implementation a/dead"));
}

TEST(Terminal, AsciiAndNoColourWhereAsked) {
  const Report report = build_report(stored_run({stored_case(1, "a/b", {10})}));
  const std::string plain = render_terminal(report, {80, false, false});
  for (const char character : plain)
    EXPECT_TRUE(character == '\n' || (character >= ' ' && character < 127)) << plain;
  EXPECT_THAT(render_terminal(report, {80, true, true}), HasSubstr("\033["));
}

TEST(Reports, WhatAWorkerSaidIsHarmless) {
  auto evil = stored_case(1, "a/\033[2Jevil|<b>", {10});
  evil.record.a_case.version = "1\n2";
  auto run =
      stored_run({evil, failed_case("a/dead", Status::failed, "\033]0;title\a | <script>", "\033[31mlog")});
  run.run.notes = {"note \033[5m"};
  run.libraries = {{{"fake", {}, {}}, "fake", "\033[1m", {{"k|", "<i>"}}, ""}};
  const Report report = build_report(run);
  EXPECT_THAT(render_terminal(report, {80, false, true}), Not(HasSubstr("\033")));
  const std::string markdown = render_markdown(report);
  EXPECT_THAT(markdown, Not(HasSubstr("\033")));
  EXPECT_THAT(markdown, Not(HasSubstr("<script>")));
  EXPECT_THAT(markdown, Not(HasSubstr("<b>")));
  EXPECT_THAT(markdown, HasSubstr("evil\\|"));
}

// Unescaped bars that separate cells.
int cells(const std::string& line) {
  int count = 0;
  for (std::size_t i = 0; i < line.size(); ++i) count += line[i] == '|' && (i == 0 || line[i - 1] != '\\');
  return count - 1;
}

TEST(Markdown, EveryRowOfATableHasItsCells) {
  const std::string text = render_markdown(build_report(
      stored_run({stored_case(1, "a/b", {10, 20}), failed_case("a/dead", Status::failed, "x | y", "")})));
  std::istringstream lines(text);
  int expected = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] != '|') {
      expected = 0;
      continue;
    }
    if (expected == 0) expected = cells(line);
    EXPECT_EQ(cells(line), expected) << line;
  }
}

TEST(Json, HasThePromisedShape) {
  const auto document = nlohmann::json::parse(render_json(build_report(
      stored_run({stored_case(1, "a/b", {40, 80}), failed_case("a/dead", Status::crashed, "\xff", "")}))));
  const auto& good = document.at("cases").at(0);
  EXPECT_EQ(good.at("workload"), "1x320/CE-short");
  EXPECT_EQ(good.at("implementation"), "a/b");
  EXPECT_EQ(good.at("version"), "1.0+test");
  EXPECT_EQ(good.at("dtype"), "fp32");
  EXPECT_EQ(good.at("threads"), 2);
  EXPECT_EQ(good.at("status"), "OK");
  EXPECT_DOUBLE_EQ(good.at("headline_median_ns"), 60e6);
  EXPECT_TRUE(good.at("peak_percent").is_number());
  ASSERT_EQ(good.at("samples").size(), 4u);  // timed steps only
  const auto& sample = good.at("samples").at(0);
  for (const char* key :
       {"round", "step", "input_ns", "forward_ns", "loss_ns", "backward_ns", "update_ns", "loss"})
    EXPECT_TRUE(sample.contains(key)) << key;
  EXPECT_EQ(sample.at("step"), 1);
  EXPECT_EQ(good.at("warmup_samples").size(), 2u);
  const auto& dead = document.at("cases").at(1);
  EXPECT_EQ(dead.at("status"), "CRASHED");
  EXPECT_TRUE(dead.at("headline_median_ns").is_null());
  EXPECT_TRUE(dead.at("samples").empty());
}

TEST(Csv, OneLineAStep) {
  const std::string text = render_csv(build_report(stored_run({stored_case(1, "a,b/c", {40})})));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 4);
  EXPECT_THAT(text,
              HasSubstr("1x320/CE-short,\"a,b/c\",1.0+test,fp32,cpu,2,OK,1,1,0,1000,10000000,10000000,"));
}

TEST(Describe, NamesWhatMatters) {
  Workload ctc = workload();
  ctc.layers = 4;
  ctc.directions = 2;
  ctc.loss = Loss::ctc;
  ctc.min_length = 50;
  EXPECT_EQ(describe(ctc), "4 layers x 320 units, bidirectional, CTC, 64x100x123, lengths 50..100");
  EXPECT_EQ(describe(workload()), "1 layer x 320 units, unidirectional, cross-entropy, 64x100x123");
}

}  // namespace
}  // namespace lstmbench
