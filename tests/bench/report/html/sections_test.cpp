#include "report/html/sections.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bench/report/example_run.h"
#include "report/html.h"
#include "report/html/data.h"
#include "report/markdown.h"

namespace lstmbench {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::vector<double> ten_rounds{40, 42, 41, 39, 40, 43, 41, 40, 42, 41};

std::vector<double> times(double factor) {
  std::vector<double> result;
  for (const double ms : ten_rounds) result.push_back(factor * ms);
  return result;
}

StoredRun run_of(double factor) {
  return stored_run({stored_case(1, "a/x", times(1)), stored_case(2, "b/y", times(factor))});
}

int count(const std::string& text, const std::string& part) {
  int found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

// Every section of the page, and the page.
std::vector<std::string> everything(const Report& report) {
  return {page_head(report),
          verdict_section(report),
          toolbar(report),
          times_section(report),
          matrix_section(report),
          versions_section(report),
          peak_section(report),
          cases_section(report),
          provenance_section(report),
          render_html(report, {"runtime()", "n0nce"})};
}

TEST(VerdictSection, HasTheWordThatHolds) {
  EXPECT_THAT(verdict_section(build_report(run_of(1.5))),
              HasSubstr("<span class=\"chip good\">FASTER</span>"));
  EXPECT_THAT(verdict_section(build_report(run_of(1.5))), HasSubstr("against a/x 1.0: 1 SLOWER"));
  EXPECT_THAT(verdict_section(build_report(run_of(1.004))),
              HasSubstr("<span class=\"chip warn\">EQUIVALENT</span>"));
  const auto two_rounds = stored_run({stored_case(1, "a/x", {40, 40}), stored_case(2, "b/y", {80, 80})});
  EXPECT_THAT(verdict_section(build_report(two_rounds)),
              HasSubstr("<span class=\"chip warn\">INCONCLUSIVE</span>"));
}

TEST(VerdictSection, OfAnUnfitMachineSaysSoFirst) {
  auto run = run_of(1.5);
  auto control = stored_case(3, "a/x", times(1.3));
  control.record.role = Role::control;
  run.controls.push_back(control);
  const Report report = build_report(run);
  ASSERT_EQ(report.unfit.size(), 1u);
  const std::string text = verdict_section(report);
  EXPECT_THAT(text, HasSubstr("<span class=\"chip bad\">UNFIT</span>"));
  EXPECT_LT(text.find("UNFIT: a/x measured twice"), text.find("class=\"cards\""));
  EXPECT_THAT(page_head(report), HasSubstr("<li class=\"bad\">machine UNFIT</li>"));
  const std::string markdown = render_markdown(report);
  EXPECT_LT(markdown.find("> UNFIT: a/x measured twice"), markdown.find("FASTER"));
}

TEST(VerdictSection, OfAFitMachineSaysThat) {
  auto run = run_of(1.5);
  run.controls.push_back(stored_case(3, "a/x", times(1)));
  const Report report = build_report(run);
  EXPECT_THAT(page_head(report), HasSubstr("machine fit"));
  EXPECT_THAT(verdict_section(report), Not(HasSubstr("UNFIT")));
}

TEST(VerdictSection, NamesWhatFailedAndLeadsThere) {
  const Report report = build_report(
      stored_run({stored_case(1, "a/x", {40}), failed_case("b/dead", Status::crashed, "killed", "")}));
  EXPECT_THAT(verdict_section(report), HasSubstr("1 case did not end OK"));
  EXPECT_THAT(verdict_section(report), HasSubstr("<a href=\"#case-0-1\">"));
  EXPECT_THAT(cases_section(report), HasSubstr("id=\"case-0-1\""));
  const std::string markdown = render_markdown(report);
  EXPECT_LT(markdown.find("CRASHED: b/dead"), markdown.find("\n## "));
}

TEST(VerdictSection, OfPublishedRunsHasNoVerdict) {
  const Report report =
      build_report(published_run({stored_case(1, "a/x", {40}), stored_case(2, "b/y", {80})}));
  for (const char* word : {"FASTER", "SLOWER", "EQUIVALENT", "INCONCLUSIVE", "UNFIT"})
    EXPECT_THAT(verdict_section(report), Not(HasSubstr(word)));
  EXPECT_THAT(page_head(report), HasSubstr("published, not measured here"));
  EXPECT_EQ(peak_section(build_report(published_run({}))), "");
}

TEST(Page, OfAnEmptyRunIsWhole) {
  const Report report = build_report(stored_run({}));
  EXPECT_THAT(verdict_section(report), Not(HasSubstr("class=\"card\"")));
  EXPECT_THAT(matrix_section(report), Not(HasSubstr("<td")));
  const std::string page = render_html(report, {"runtime()", "n0nce"});
  EXPECT_THAT(page, HasSubstr("</body></html>"));
  EXPECT_TRUE(page_data(report)["tables"].empty());
  EXPECT_EQ(versions_section(report), "");
  EXPECT_EQ(peak_section(report), "");
}

TEST(Page, WhereAllFailedSaysSo) {
  const Report report = build_report(stored_run({failed_case("b/dead", Status::timeout, "late", "")}));
  EXPECT_THAT(verdict_section(report), HasSubstr("no result"));
  EXPECT_THAT(matrix_section(report), HasSubstr(">TIMEOUT</a>"));
  EXPECT_TRUE(page_data(report)["baselines"].empty());
}

TEST(Page, OfSeveralVersionsHasARowEachAndATrend) {
  const auto base = stored_case(1, "a/x", {40, 41});
  const Report report = build_report(stored_run({in_version(base, 1, "0.9"), in_version(base, 2, "0.10")}));
  EXPECT_EQ(count(matrix_section(report), "<th scope=\"row\">a/x"), 2);
  EXPECT_THAT(versions_section(report), HasSubstr("data-chart=\"trend\""));
  EXPECT_EQ(page_data(report)["baselines"].size(), 2u);
}

TEST(Page, TellsTablesOfOneWorkloadApart) {
  auto half = stored_case(2, "a/x", {20});
  half.record.a_case.dtype = "bf16";
  const Report report = build_report(stored_run({stored_case(1, "a/x", {40}), half}));
  ASSERT_EQ(report.tables.size(), 2u);
  EXPECT_NE(table_title(report, report.tables[0]), table_title(report, report.tables[1]));
}

TEST(Page, EscapesEveryTextFromOutside) {
  auto evil = stored_case(1, hostile_text, {40});
  evil.record.a_case.version = evil.record.description = evil.record.repeat_command = hostile_text;
  evil.record.a_case.workload.name = hostile_text;
  evil.check->worst_tensor = hostile_text;
  auto dead = failed_case(std::string("dead/") + hostile_text, Status::failed, hostile_text, hostile_text);
  dead.record.a_case.workload.name = hostile_text;
  auto run = stored_run({evil, dead});
  run.machine = {{"CPU", hostile_text}, {hostile_text, hostile_text}};
  run.run.notes = {hostile_text};
  run.run.command_line = run.run.started_at = run.run.program_version = run.run.protocol = hostile_text;
  run.libraries = {{{hostile_text, {}, {}}, hostile_text, hostile_text, {{hostile_text, hostile_text}}, ""},
                   {{hostile_text, {}, {}}, "", "", {}, hostile_text}};
  const Report report = build_report(run);
  for (const auto& part : everything(report)) {
    EXPECT_THAT(part, Not(HasSubstr("<script>alert")));
    EXPECT_THAT(part, Not(HasSubstr("<img")));
    EXPECT_THAT(part, Not(HasSubstr("\"'>")));
  }
  const std::string page = render_html(report, {"runtime()", "n0nce"});
  EXPECT_EQ(count(page, "<script"), 3);
  EXPECT_EQ(count(page, "</script"), 3);
  EXPECT_THAT(render_markdown(report), Not(HasSubstr("<script")));
}

TEST(Page, TheRuntimeCannotEndItsElement) {
  const std::string page = render_html(build_report(stored_run({})), {"'</ScRiPt><!--'", "n0nce"});
  EXPECT_THAT(page, HasSubstr("<\\/ScRiPt>"));
  EXPECT_THAT(page, HasSubstr("<\\!--'"));
}

TEST(ScriptJson, CanStandInAScriptElementAndIsTheSame) {
  const nlohmann::ordered_json value{{"</script>", "<!-- & \xff"}};
  const std::string text = script_json(value);
  EXPECT_EQ(text.find_first_of("<>&"), std::string::npos);
  EXPECT_EQ(nlohmann::ordered_json::parse(text)["</script>"], "<!-- & \xef\xbf\xbd");
}

TEST(PageData, ShowsFewerStepsOfALargeRun) {
  auto large = stored_case(1, "a/x", {40});
  const SampleRecord sample = large.rounds[1].samples.back();
  large.rounds[1].samples.assign(3 * most_page_steps, sample);
  const auto data = page_data(build_report(stored_run({large})));
  EXPECT_EQ(data["every"], 3);
  EXPECT_EQ(data["tables"][0]["rows"][0]["steps"]["rounds"][0][1], most_page_steps);
}

TEST(PageData, KeepsStepsInTheirOrderWithWarmUps) {
  const auto data = page_data(build_report(stored_run({stored_case(1, "a/x", {40, 80})})));
  const auto steps = data["tables"][0]["rows"][0]["steps"];
  EXPECT_EQ(steps["rounds"].dump(), "[[1,3,1],[2,3,1]]");
  EXPECT_EQ(steps["ms"], "130 40 40 260 80 80");
}

}  // namespace
}  // namespace lstmbench
