#include "report/library_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bench/report/example_run.h"
#include "report/html/sections.h"
#include "report/markdown.h"

namespace lstmbench {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Two versions, of which the older one says less, one that is missing, and another library.
StoredRun versions_run() {
  StoredRun run = stored_run({stored_case(1, "pytorch/LSTM", {40})});
  run.libraries = {
      {{"native", {}, {}}, "native", "0.1.0", {{"compiler", "GCC 12"}}, ""},
      {{"pytorch", {}, {}, "1.0.0"}, "pytorch", "1.0.0", {{"released", "2018-12"}, {"python", "3.7.16"}}, ""},
      {{"pytorch", {}, {}, "2.0.1"},
       "pytorch",
       "2.0.1",
       {{"released", "2023-05"},
        {"python", "3.10.13"},
        {"oneDNN", "2.7.3"},
        {"CUDA", "11.7"},
        {"ISA", "AVX2"}},
       ""},
      {{"pytorch", {}, {}, "9.9"}, "", "", {}, "not installed"}};
  return run;
}

TEST(LibraryTable, HasAColumnForWhatMakesVersionsDiffer) {
  const LibraryTable table = library_table(build_report(versions_run()));
  EXPECT_THAT(table.titles,
              ElementsAre("worker", "version", "released", "python", "oneDNN", "CUDA", "build"));
  EXPECT_THAT(table.rows,
              ElementsAre(ElementsAre("native", "0.1.0", "", "", "", "", "compiler GCC 12"),
                          ElementsAre("pytorch", "1.0.0", "2018-12", "3.7.16", "", "", ""),
                          ElementsAre("pytorch", "2.0.1", "2023-05", "3.10.13", "2.7.3", "11.7", "ISA AVX2"),
                          ElementsAre("pytorch", "9.9", "", "", "", "", "not available: not installed")));
}

TEST(LibraryTable, StandsInMarkdownAndOnThePage) {
  const Report report = build_report(versions_run());
  EXPECT_THAT(render_markdown(report),
              HasSubstr("| worker | version | released | python | oneDNN | CUDA | build |\n"
                        "|---|---|---|---|---|---|---|\n"));
  EXPECT_THAT(render_markdown(report),
              HasSubstr("| pytorch | 2.0.1 | 2023-05 | 3.10.13 | 2.7.3 | 11.7 | ISA AVX2 |\n"));
  EXPECT_THAT(provenance_section(report),
              HasSubstr("<td>2.0.1</td><td>2023-05</td><td>3.10.13</td><td>2.7.3</td>"));
}

}  // namespace
}  // namespace lstmbench
