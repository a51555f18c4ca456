#include "run_ending.h"

#include <fmt/format.h>

#include <algorithm>

#include "command.h"
#include "process/interrupt.h"
#include "report/escape.h"

namespace lstmbench {
namespace {

// A case counts against the exit code unless it only ran out of time and nobody asked for it by name.
bool counts(const StoredCase& stored) {
  return stored.status != Status::ok && (stored.status != Status::timeout || stored.record.is_asked_for);
}

void say_last_line(const Report& report, const std::string& results) {
  const auto skipped = std::count_if(report.libraries.begin(), report.libraries.end(),
                                     [](const LibraryRecord& library) { return !library.problem.empty(); });
  std::string line = fmt::format("{} case{} OK", report.ok, report.ok == 1 ? "" : "s");
  if (report.unchecked > 0) line += fmt::format(", {} unchecked", report.unchecked);
  if (report.not_ok > 0) line += fmt::format(", {} not", report.not_ok);
  if (const auto failed = report.failed_controls.size(); failed > 0)
    line += fmt::format(", {} control{} not", failed, failed == 1 ? "" : "s");
  if (skipped > 0) line += fmt::format(", {} librar{} skipped", skipped, skipped == 1 ? "y" : "ies");
  std::fprintf(stderr, "%s; run %lld is in %s\n", line.c_str(), static_cast<long long>(report.run.id),
               escape_terminal(results).c_str());
}

}  // namespace

int report_run(ResultsFile& results, std::int64_t run_id, const OutputFlags& outputs,
               const std::string& path) {
  const StoredRun stored = results.load_run(run_id);
  const Report report = build_report(stored);
  write_outputs(report, outputs);
  say_last_line(report, path);
  if (is_interrupted()) return 128 + interrupting_signal();
  // The second measurement of a case is one of that program, too.
  const bool has_failed = std::any_of(stored.cases.begin(), stored.cases.end(), counts) ||
                          std::any_of(stored.controls.begin(), stored.controls.end(), counts);
  return has_failed ? exit_not_ok : exit_ok;
}

}  // namespace lstmbench
