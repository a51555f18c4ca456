#include "report/series.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "bench/report/example_run.h"

namespace lstmbench {
namespace {

using ::testing::ElementsAre;
using ::testing::MatchesRegex;

std::vector<std::string> labels(const ReportTable& table) {
  std::vector<std::string> result;
  for (const auto& row : chart_rows(table, false)) result.push_back(row.label);
  return result;
}

std::vector<std::string> names(const Report& report) {
  std::vector<std::string> result;
  for (const auto& one : series_of(report)) result.push_back(one.name);
  return result;
}

TEST(Series, OneHueALibraryTheNewestVersionTheStrongest) {
  const auto base = stored_case(1, "pytorch/LSTM", {80});
  const Report report =
      build_report(stored_run({in_version(base, 1, "0.4.0"), in_version(base, 2, "0.10.0+cpu"),
                               stored_case(3, "native/fused", {40})}));
  EXPECT_THAT(names(report), ElementsAre("native 1.0", "pytorch 0.10.0", "pytorch 0.4.0"));
  std::set<std::string> colors;
  for (const auto& one : series_of(report)) {
    EXPECT_THAT(one.light, MatchesRegex("#[0-9a-f]{6}"));
    EXPECT_THAT(one.dark, MatchesRegex("#[0-9a-f]{6}"));
    colors.insert(one.light);
  }
  EXPECT_EQ(colors.size(), 3u);
}

TEST(Series, AnImplementationsColourDoesNotDependOnWhoElseRuns) {
  const Report alone = build_report(stored_run({stored_case(1, "native/fused", {40})}));
  const Report beside =
      build_report(stored_run({stored_case(1, "a/b", {10}), stored_case(2, "native/fused", {40})}));
  EXPECT_EQ(series_of(alone)[0].light, series_of(beside)[0].light);
  EXPECT_EQ(series_of(beside)[0].name, "native 1.0");
}

TEST(Series, MoreLibrariesThanHuesAreStillDrawn) {
  std::vector<StoredCase> cases;
  for (int i = 0; i < 20; ++i)
    cases.push_back(stored_case(i + 1, "library" + std::to_string(i) + "/x", {10.0 + i}));
  EXPECT_EQ(series_of(build_report(stored_run(cases))).size(), 20u);
}

TEST(Series, OfAnEmptyRunThereAreNone) {
  EXPECT_TRUE(series_of(build_report(stored_run({}))).empty());
}

TEST(ChartRows, FastestFirstAndFailedOnesLast) {
  const Report report =
      build_report(stored_run({failed_case("a/dead", Status::timeout, "", ""), stored_case(1, "a/slow", {80}),
                               stored_case(2, "b/fast", {40})}));
  EXPECT_THAT(labels(report.tables[0]), ElementsAre("b/fast", "a/slow", "a/dead"));
  EXPECT_FALSE(has_several_versions(report.tables[0]));
}

TEST(ChartRows, VersionsStandTogetherNewestFirst) {
  const auto with = [](const char* implementation, double ms, std::int64_t id, const char* version) {
    return in_version(stored_case(id, implementation, {ms}), id, version);
  };
  const Report report =
      build_report(stored_run({with("p/basic", 90, 1, "0.9"), with("p/basic", 30, 2, "0.10"),
                               with("p/fused", 50, 3, "0.9"), with("p/fused", 40, 4, "0.10")}));
  EXPECT_TRUE(has_several_versions(report.tables[0]));
  EXPECT_THAT(labels(report.tables[0]),
              ElementsAre("p/fused  0.10", "p/fused  0.9", "p/basic  0.10", "p/basic  0.9"));
}

TEST(ChartRows, LabelsStayApart) {
  const auto base = stored_case(1, "p/x", {40});
  const Report report = build_report(stored_run(
      {in_version(base, 1, "2.0+cpu"), in_version(base, 2, "2.0+local"), in_version(base, 3, "2.0")}));
  const auto all = labels(report.tables[0]);
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), 3u) << testing::PrintToString(all);
  const Report like_a_version = build_report(
      stored_run({in_version(base, 1, "2.0"), in_version(base, 2, "1.0"), stored_case(3, "p/x  2.0", {50})}));
  const auto others = labels(like_a_version.tables[0]);
  EXPECT_EQ(std::set<std::string>(others.begin(), others.end()).size(), 3u) << testing::PrintToString(others);
}

TEST(ChartKey, NamesOfObjectPropertiesAreNoKeys) {
  EXPECT_EQ(chart_key("constructor"), "constructor ");
  EXPECT_EQ(chart_key("__proto__"), "__proto__ ");
  EXPECT_EQ(chart_key("native/fused"), "native/fused");
  EXPECT_EQ(chart_key(hostile_text), hostile_text);
}

TEST(ShortVersion, EndsBeforeTheBuild) {
  EXPECT_EQ(short_version("2.15.0+cpu"), "2.15.0");
  EXPECT_EQ(short_version("+cpu"), "");
  EXPECT_EQ(short_version(""), "");
}

}  // namespace
}  // namespace lstmbench
