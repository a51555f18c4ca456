#include "report/json.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "report/notes.h"
#include "run/options.h"
#include "store/results_file.h"

namespace lstmbench {
namespace {

using json = nlohmann::ordered_json;

template <typename T>
json or_null(const std::optional<T>& value) {
  return value ? json(*value) : json(nullptr);
}

json number(double value) {
  return std::isfinite(value) ? json(value) : json(nullptr);
}

json step(const ReportSample& entry) {
  const StepTimes& times = entry.sample.times;
  json result = {{"round", entry.round},         {"step", entry.sample.step},
                 {"input_ns", times.input_ns},   {"forward_ns", times.forward_ns},
                 {"loss_ns", times.loss_ns},     {"backward_ns", times.backward_ns},
                 {"update_ns", times.update_ns}, {"loss", number(times.loss)}};
  if (times.device_ns) result["device_ns"] = *times.device_ns;
  return result;
}

json check(const std::optional<CheckRecord>& record) {
  if (!record) return nullptr;
  return {{"mode", to_string(record->mode)},
          {"passed", record->passed},
          {"relative_error", number(record->worst_error)},
          {"worst_tensor", record->worst_tensor},
          {"tolerance", record->tolerance}};
}

json ratio(const PairedRatio& relative) {
  json result{{"ratio", relative.ratio}, {"rounds", relative.rounds}, {"low", nullptr}, {"high", nullptr}};
  if (relative.interval) {
    result["low"] = relative.interval->low;
    result["high"] = relative.interval->high;
  }
  return result;
}

json entry_of(const ReportRow& row) {
  const Case& a_case = row.a_case;
  json samples = json::array(), warmup = json::array();
  for (const auto& sample : row.samples) (sample.sample.is_warmup ? warmup : samples).push_back(step(sample));
  json result = {{"workload", a_case.workload.name},
                 {"implementation", a_case.implementation},
                 {"version", a_case.version},
                 {"dtype", a_case.dtype},
                 {"device", a_case.device},
                 {"threads", a_case.threads},
                 {"status", row.status},
                 {"message", row.message},
                 {"headline_median_ns", or_null(row.headline_median_ns)},
                 {"headline_mad_ns", or_null(row.headline_mad_ns)},
                 {"total_mean_ns", or_null(row.total_mean_ns)},
                 {"total_deviation_ns", or_null(row.total_deviation_ns)},
                 {"gflops", or_null(row.gflops)},
                 {"peak_percent", or_null(row.peak_percent)},
                 {"relative", row.relative ? ratio(*row.relative) : json()},
                 {"verdict", row.verdict ? json(to_string(*row.verdict)) : json()},
                 {"is_reference", row.is_reference},
                 {"check", check(row.check)},
                 {"workspace_bytes", or_null(row.workspace_bytes)},
                 {"peak_rss_bytes", or_null(row.peak_rss_bytes)},
                 {"description", row.description},
                 {"repeat_command", row.repeat_command},
                 {"samples", samples},
                 {"warmup_samples", warmup}};
  if (a_case.device != "cpu") {
    result["device_peak_bytes"] = or_null(row.device_peak_bytes);
    result["device_states"] = row.device_states;
  }
  return result;
}

}  // namespace

std::string render_json(const Report& report) {
  json machine = json::object();
  for (const auto& [name, value] : report.machine) machine[name] = value;
  json libraries = json::array();
  for (const auto& library : report.libraries)
    libraries.push_back({{"worker", library.worker.name},
                         {"library", library.library},
                         {"version", library.version},
                         {"build", library.build},
                         {"problem", library.problem}});
  json controls = json::array();
  for (const auto& [a_case, judgement] : report.controls)
    controls.push_back({{"workload", a_case.workload.name},
                        {"implementation", a_case.implementation},
                        {"version", a_case.version},
                        {"dtype", a_case.dtype},
                        {"device", a_case.device},
                        {"threads", a_case.threads},
                        {"relative", ratio(judgement.relative)},
                        {"verdict", to_string(judgement.verdict)}});
  json notes = warnings(report);
  for (const auto& note : report.footnotes) notes.push_back(note);
  json peaks = json::array();
  json cases = json::array();
  for (const auto& table : report.tables) {
    peaks.push_back({{"workload", table.workload.name},
                     {"dtype", table.dtype},
                     {"threads", table.threads},
                     {"gflops", or_null(table.peak_gflops)},
                     {"workload_flops", table.workload.flops()}});
    for (const auto& row : table.rows) cases.push_back(entry_of(row));
  }
  const json document{{"format", 1},
                      {"run",
                       {{"id", report.run.id},
                        {"started_at", report.run.started_at},
                        {"finished_at", report.run.finished_at},
                        {"state", to_string(report.run.state)},
                        {"program_version", report.run.program_version},
                        {"command_line", report.run.command_line},
                        {"protocol", protocol_name(report.run.protocol)},
                        {"rounds", report.rounds},
                        {"harness",
                         {{"request_ns", report.harness.request_ns},
                          {"step_ns", report.harness.step_ns},
                          {"cpu_ns", report.harness.cpu_ns}}},
                        {"baseline", report.run.baseline}}},
                      {"machine", machine},
                      {"libraries", libraries},
                      {"peaks", peaks},
                      {"cases", cases},
                      {"unfit", !report.unfit.empty()},
                      {"controls", controls},
                      {"notes", notes}};
  return document.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace lstmbench
