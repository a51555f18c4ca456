#include "report/version_matrix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bench/report/example_run.h"
#include "report/html/sections.h"
#include "report/markdown.h"
#include "report/terminal.h"
#include "report/text_width.h"

namespace lstmbench {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

StoredCase timed(const std::string& implementation, const std::string& version, double ms) {
  return in_version(stored_case(1, implementation, {ms}), 1, version);
}

// Two implementations in three versions, one of them failed and one not asked for; a library of one version.
StoredRun versions_run() {
  auto late = in_version(failed_case("p/cell", Status::timeout, "late", ""), 9, "1.9");
  return stored_run({timed("p/cell", "1.10+cu1", 80), late, timed("p/lstm", "1.9", 60),
                     timed("p/lstm", "1.10+cu1", 40), timed("p/lstm", "2.0", 20),
                     timed("native/x", "0.1", 10)});
}

std::vector<std::vector<std::string>> texts(const VersionMatrix& matrix) {
  std::vector<std::vector<std::string>> result;
  for (const auto& cells : matrix.cells) {
    auto& row = result.emplace_back();
    for (const ReportRow* cell : cells) row.push_back(cell_text(cell, false));
  }
  return result;
}

TEST(VersionMatrix, PutsTimesWhereVersionAndImplementationMeet) {
  const Report report = build_report(versions_run());
  const auto matrices = version_matrices(report.tables[0]);
  ASSERT_EQ(matrices.size(), 1u);
  EXPECT_EQ(matrices[0].library, "p");
  EXPECT_THAT(matrices[0].versions, ElementsAre("1.9", "1.10", "2.0"));       // as numbers, oldest first
  EXPECT_THAT(matrices[0].implementations, ElementsAre("p/lstm", "p/cell"));  // by their fastest version
  EXPECT_THAT(texts(matrices[0]), ElementsAre(ElementsAre("60.00", "TIMEOUT"), ElementsAre("40.00", "80.00"),
                                              ElementsAre("20.00", "")));
}

TEST(VersionMatrix, NeedsSeveralVersions) {
  const Report report = build_report(stored_run({timed("p/lstm", "1.0", 40), timed("p/cell", "1.0", 50)}));
  EXPECT_THAT(version_matrices(report.tables[0]), IsEmpty());
  EXPECT_EQ(versions_section(report), "");
  EXPECT_THAT(render_markdown(report), Not(HasSubstr("## Versions")));
}

TEST(VersionMatrix, MarksAFirstStepThatWasTheMeasurement) {
  auto cold = timed("p/lstm", "1.0", 40);
  for (auto& sample : cold.rounds[1].samples) sample.is_warmup = false;
  const Report report = build_report(stored_run({cold, timed("p/lstm", "2.0", 20)}));
  EXPECT_EQ(cell_text(version_matrices(report.tables[0]).at(0).cells[0][0], false).front(), '*');
}

TEST(VersionMatrix, StandsInEveryReport) {
  const Report report = build_report(versions_run());
  const std::string markdown = render_markdown(report);
  EXPECT_THAT(markdown,
              HasSubstr("### 1x320/CE-short, fp32, 2 threads\n\n| p | lstm | cell |\n|---|--:|--:|\n"
                        "| 1.9 | 60.00 | TIMEOUT |\n| 1.10 | 40.00 | 80.00 |\n| 2.0 | 20.00 | |\n"));
  EXPECT_THAT(render_terminal(report, {80, false, false}), HasSubstr("p by version, ms\n"
                                                                     "version   lstm     cell\n"
                                                                     "1.9      60.00  TIMEOUT\n"
                                                                     "1.10     40.00    80.00\n"
                                                                     "2.0      20.00\n"));
  const std::string page = versions_section(report);
  EXPECT_THAT(page, HasSubstr("<th scope=\"row\">1.9</th><td><a class=\"\" href=\"#case-0-3\">60.00</a></td>"
                              "<td><a class=\"chip warn\" href=\"#case-0-5\">TIMEOUT</a></td>"));
  EXPECT_THAT(page, HasSubstr("data-chart=\"trend\""));
}

TEST(VersionLines, BreakWhereTheTerminalEnds) {
  std::vector<StoredCase> cases;
  for (const char* name : {"p/a-rather-long-name", "p/another-rather-long-name", "p/third"})
    for (const char* version : {"1.0", "2.0"}) cases.push_back(timed(name, version, 40));
  const Report report = build_report(stored_run(cases));
  const auto lines = version_lines(version_matrices(report.tables[0]).at(0), false, 40);
  ASSERT_EQ(lines.size(), 6u);  // two blocks of a title and two versions
  for (const auto& line : lines) {
    EXPECT_LE(text_width(line), 40);
    EXPECT_TRUE(line.starts_with("version") || line.starts_with("1.0") || line.starts_with("2.0")) << line;
  }
}

}  // namespace
}  // namespace lstmbench
