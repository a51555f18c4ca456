#include "report/rnn_benchmarks/write.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/escape.h"
#include "report/rnn_benchmarks/names.h"

namespace lstmbench {
namespace {

// The layout has no column for dtype, device and threads: where a run has several, the name says which.
std::string bench_name(const Report& report, const Case& a_case) {
  const auto varies = [&](auto field) {
    return std::any_of(report.tables.begin(), report.tables.end(),
                       [&](const ReportTable& table) { return table.*field != report.tables[0].*field; });
  };
  std::string name = bench_of_implementation(a_case.implementation);
  if (varies(&ReportTable::dtype)) name += "-" + a_case.dtype;
  if (varies(&ReportTable::device)) name += "-" + a_case.device;
  if (varies(&ReportTable::threads)) name += fmt::format("-{}t", a_case.threads);
  return name;
}

}  // namespace

std::string render_rnn_benchmarks(const Report& report) {
  std::string text = "bench,experiment,name,parameters,runtime,version\n";
  const bool is_in_rounds = !report.shows_whole_steps;
  for (const auto& table : report.tables) {
    const std::string experiment = escape_csv(experiment_of_workload(table.workload.name));
    const std::int64_t parameters = table.workload.units > 0 ? table.workload.parameters() : 0;
    for (const auto& row : table.rows) {
      if (!row.is_ranked()) continue;
      const std::string bench = bench_name(report, row.a_case);
      const std::string start = fmt::format("{},{},{},{},", escape_csv(bench), experiment,
                                            escape_csv("bench_" + bench + ".py"), parameters);
      const std::string end = "," + escape_csv(row.a_case.version) + "\n";
      for (const auto& [round, sample] : row.samples) {
        if (is_in_rounds && sample.is_warmup) continue;
        const std::int64_t ns = sample.times.total_ns();
        text += start + fmt::format("{}.{:09}", ns / 1'000'000'000, ns % 1'000'000'000) + end;
      }
    }
  }
  return text;
}

}  // namespace lstmbench
