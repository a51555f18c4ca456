#include "report/charts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "bench/report/example_run.h"
#include "report/assets.h"
#include "report/series.h"

namespace lstmbench {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::string> kinds(const std::vector<Chart>& charts) {
  std::vector<std::string> result;
  for (const auto& chart : charts) result.push_back(chart.kind);
  return result;
}

std::vector<Chart> charts(const Report& report, ChartTheme theme = ChartTheme::paper) {
  return charts_of(report, report.tables.at(0), theme);
}

nlohmann::ordered_json spec(const Report& report, const std::string& kind) {
  for (const auto& chart : charts(report))
    if (chart.kind == kind) return chart.spec;
  throw std::out_of_range("no chart " + kind);
}

TEST(Charts, OneCaseHasBarsAndItsShareOfThePeak) {
  const Report report = build_report(stored_run({stored_case(1, "a/b", {40})}));
  EXPECT_THAT(kinds(charts(report)), ElementsAre("bars", "peak"));
  EXPECT_EQ(spec(report, "bars")["datasets"]["bars"].size(), 3u);  // phases
  EXPECT_EQ(spec(report, "bars")["datasets"]["ends"][0]["text"], "40.00 ms · 1.00×");
}

TEST(Charts, SeveralVersionsHaveATrend) {
  const auto base = stored_case(1, "a/b", {40, 41});
  const Report report = build_report(
      stored_run({in_version(base, 1, "0.10"), in_version(base, 2, "0.9"), stored_case(3, "c/d", {50, 50})}));
  EXPECT_THAT(kinds(charts(report)), ElementsAre("bars", "forest", "trend", "peak"));
  const auto trend = spec(report, "trend");
  EXPECT_EQ(trend["datasets"]["points"].size(), 2u);  // not of the one that has a single version
  EXPECT_EQ(trend["encoding"]["x"]["scale"]["domain"], nlohmann::ordered_json({"0.9", "0.10"}));
}

TEST(Charts, StackedPhasesEndAtTheTimeShown) {
  const Report report = build_report(stored_run({stored_case(1, "a/b", {40, 47, 39})}));
  const auto parts = spec(report, "bars")["datasets"]["bars"];
  double before = 0;
  for (const auto& part : parts) {
    EXPECT_NEAR(part["from"].get<double>(), before, 1e-9);
    before = part["to"].get<double>();
  }
  EXPECT_NEAR(before, *report.tables[0].rows[0].headline_median_ns * 1e-6, 1e-9);
}

TEST(Charts, WhatFailedKeepsItsPlace) {
  const Report report = build_report(
      stored_run({stored_case(1, "a/b", {40}), failed_case("a/dead", Status::crashed, "x", "")}));
  const auto bars = spec(report, "bars");
  ASSERT_EQ(bars["datasets"]["ends"].size(), 2u);
  EXPECT_EQ(bars["datasets"]["ends"][1]["text"], "CRASHED");
  EXPECT_EQ(bars["encoding"]["y"]["scale"]["domain"].size(), 2u);
}

TEST(Charts, WhereAllFailedThereIsNoTimeAxis) {
  const Report report = build_report(stored_run({failed_case("a/dead", Status::timeout, "x", "")}));
  EXPECT_THAT(kinds(charts(report)), ElementsAre("bars"));
  EXPECT_EQ(spec(report, "bars")["layer"][0]["encoding"]["x"]["axis"]["labels"], false);
}

TEST(Charts, OfATableWithoutRowsThereAreNone) {
  const Report report = build_report(stored_run({}));
  EXPECT_TRUE(report.tables.empty());
  EXPECT_TRUE(charts_of(report, ReportTable{}, ChartTheme::page).empty());
}

TEST(Charts, PublishedOnesHaveTheOriginalsLabelsAndSayWhose) {
  const Report report =
      build_report(published_run({stored_case(1, "a/b", {40}), stored_case(2, "c/d", {80})}));
  EXPECT_THAT(kinds(charts(report)), ElementsAre("bars", "forest", "peak"));
  const auto bars = spec(report, "bars");
  EXPECT_THAT(bars["datasets"]["ends"][0]["text"].get<std::string>(), HasSubstr("ms ::: 1.0x"));
  EXPECT_EQ(bars["datasets"]["bars"].size(), 2u);  // whole steps: no phases
  EXPECT_THAT(bars["title"].dump(), HasSubstr("published, not measured here: Example CPU"));
}

TEST(Charts, ThePageHasNoColoursOfItsOwn) {
  const Report report = build_report(stored_run({stored_case(1, "a/b", {40}), stored_case(2, "c/d", {80})}));
  for (const auto& chart : charts(report, ChartTheme::page)) {
    EXPECT_THAT(chart.spec.dump(), Not(testing::ContainsRegex("\"#[0-9a-f]{6}\""))) << chart.kind;
    EXPECT_EQ(chart.spec["width"], "container");
  }
  for (const auto& chart : charts(report, ChartTheme::paper))
    EXPECT_THAT(chart.spec.dump(), Not(HasSubstr("var(--"))) << chart.kind;
}

TEST(Charts, NoPlaceholderIsLeft) {
  const Report report = build_report(stored_run({stored_case(1, "a/b", {40}), stored_case(2, "c/d", {80})}));
  for (const auto theme : {ChartTheme::page, ChartTheme::paper}) {
    for (const auto& chart : charts(report, theme))
      EXPECT_THAT(chart.spec.dump(), Not(HasSubstr("\"$"))) << chart.kind;
    EXPECT_THAT(chart_config(theme).dump(), Not(HasSubstr("\"$")));
  }
  for (const auto& chart : case_charts()) EXPECT_THAT(chart.spec.dump(), Not(HasSubstr("\"$"))) << chart.kind;
}

TEST(Charts, TextsFromOutsideAreDataAndNothingElse) {
  auto evil = stored_case(1, hostile_text, {40});
  evil.record.a_case.version = hostile_text;
  evil.record.a_case.workload.name = "datum.ratio";
  const Report report = build_report(stored_run({evil, stored_case(2, "c/d", {80})}));
  const auto bars = spec(report, "bars");
  EXPECT_EQ(bars["datasets"]["ends"].size(), 1u);
  EXPECT_EQ(bars["datasets"]["ends"][0]["implementation"], chart_key(hostile_text));
  // Expressions ("expr", "calculate", "test") are those of the specification.
  const Report plain = build_report(stored_run({stored_case(1, "a/b", {40})}));
  EXPECT_EQ(bars["layer"].size(), spec(plain, "bars")["layer"].size());
  EXPECT_EQ(bars.value("transform", nlohmann::ordered_json()),
            spec(plain, "bars").value("transform", nlohmann::ordered_json()));
}

TEST(Charts, WhiskersNeedEnoughSteps) {
  const Report few = build_report(stored_run({stored_case(1, "a/b", {40})}));  // two timed steps
  EXPECT_FALSE(spread_of(few, few.tables[0].rows[0]));
  const Report quartiles = build_report(stored_run({stored_case(1, "a/b", {40, 50})}));
  EXPECT_TRUE(spread_of(quartiles, quartiles.tables[0].rows[0]));
  const Report rounds = build_report(stored_run({stored_case(1, "a/b", {40, 41, 42, 43, 44, 45})}));
  const auto interval = spread_of(rounds, rounds.tables[0].rows[0]).value();
  EXPECT_NEAR(interval.low, 40e6, 1);  // six rounds: the whole range is the 95 % interval
  EXPECT_NEAR(interval.high, 45e6, 1);
  const Report failed = build_report(stored_run({failed_case("a/dead", Status::timeout, "", "")}));
  EXPECT_FALSE(spread_of(failed, failed.tables[0].rows[0]));
}

TEST(Charts, AStandardDeviationAboveTheMeanDoesNotPointBelowZero) {
  const Report report = build_report(published_run({stored_case(1, "a/b", {1})}));
  ReportRow row = report.tables[0].rows[0];
  row.total_deviation_ns = 3 * *row.total_mean_ns;
  EXPECT_EQ(spread_of(report, row)->low, 0);
}

TEST(Assets, AMissingOneIsSaid) {
  EXPECT_THROW(asset("charts/none.vl.json"), std::out_of_range);
  EXPECT_FALSE(asset("html/page.js").empty());
}

}  // namespace
}  // namespace lstmbench
