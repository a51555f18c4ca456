#include "report/json.h"

#include "report/json_text.h"
#include "store/results_file.h"

namespace lstmbench {
namespace {

void write_run(JsonText& json, const Report& report) {
  json.open('{');
  json.field("id", report.run.id);
  json.field("started_at", report.run.started_at);
  json.field("finished_at", report.run.finished_at);
  json.field("state", to_string(report.run.state));
  json.field("program_version", report.run.program_version);
  json.field("command_line", report.run.command_line);
  json.field("protocol", report.run.protocol);
  json.field("rounds", report.rounds);
  json.key("harness");
  json.open('{');
  json.field("request_ns", report.harness.request_ns);
  json.field("step_ns", report.harness.step_ns);
  json.field("cpu_ns", report.harness.cpu_ns);
  json.close();
  json.field("baseline", report.run.baseline);
  json.close();
}

void write_library(JsonText& json, const LibraryRecord& library) {
  json.open('{');
  json.field("worker", library.worker.name);
  json.field("library", library.library);
  json.field("version", library.version);
  json.key("build");
  json.open('{');
  for (const auto& [name, value] : library.build) json.field(name, value);
  json.close();
  json.field("problem", library.problem);
  json.close();
}

void write_peak(JsonText& json, const ReportTable& table) {
  json.open('{');
  json.field("workload", table.workload.name);
  json.field("dtype", table.dtype);
  json.field("threads", table.threads);
  json.field("gflops", table.peak_gflops);
  json.field("workload_flops", table.workload.flops());
  json.close();
}

void write_relative(JsonText& json, const PairedRatio& relative) {
  json.open('{');
  json.field("ratio", relative.ratio);
  json.field("rounds", relative.rounds);
  json.field("low", relative.interval ? std::optional(relative.interval->low) : std::nullopt);
  json.field("high", relative.interval ? std::optional(relative.interval->high) : std::nullopt);
  json.close();
}

void write_check(JsonText& json, const CheckRecord& check) {
  json.open('{');
  json.field("mode", to_string(check.mode));
  json.field("passed", check.passed);
  json.field("relative_error", check.worst_error);
  json.field("worst_tensor", check.worst_tensor);
  json.field("tolerance", check.tolerance);
  json.close();
}

void write_step(JsonText& json, const ReportSample& entry) {
  const StepTimes& times = entry.sample.times;
  json.open('{');
  json.field("round", entry.round);
  json.field("step", entry.sample.step);
  json.field("input_ns", times.input_ns);
  json.field("forward_ns", times.forward_ns);
  json.field("loss_ns", times.loss_ns);
  json.field("backward_ns", times.backward_ns);
  json.field("update_ns", times.update_ns);
  json.field("loss", times.loss);
  if (times.device_ns) json.field("device_ns", *times.device_ns);
  json.close();
}

void write_steps(JsonText& json, const ReportRow& row, bool are_warmup) {
  json.open('[');
  for (const auto& entry : row.samples)
    if (entry.sample.is_warmup == are_warmup) write_step(json, entry);
  json.close();
}

template <typename T, typename Write>
void write_optional(JsonText& json, const char* key, const std::optional<T>& content, const Write& write) {
  if (!content) return json.field(key, std::optional<int>());
  json.key(key);
  write(json, *content);
}

void write_case(JsonText& json, const ReportRow& row) {
  const Case& a_case = row.a_case;
  json.open('{');
  json.field("workload", a_case.workload.name);
  json.field("implementation", a_case.implementation);
  json.field("version", a_case.version);
  json.field("dtype", a_case.dtype);
  json.field("device", a_case.device);
  json.field("threads", a_case.threads);
  json.field("status", row.status);
  json.field("message", row.message);
  json.field("headline_median_ns", row.headline_median_ns);
  json.field("headline_mad_ns", row.headline_mad_ns);
  json.field("total_mean_ns", row.total_mean_ns);
  json.field("total_deviation_ns", row.total_deviation_ns);
  json.field("gflops", row.gflops);
  json.field("peak_percent", row.peak_percent);
  write_optional(json, "relative", row.relative, write_relative);
  json.field("verdict", row.verdict ? std::optional(to_string(*row.verdict)) : std::nullopt);
  json.field("is_reference", row.is_reference);
  write_optional(json, "check", row.check, write_check);
  json.field("workspace_bytes", row.workspace_bytes);
  json.field("peak_rss_bytes", row.peak_rss_bytes);
  json.field("description", row.description);
  json.field("repeat_command", row.repeat_command);
  json.key("samples");
  write_steps(json, row, false);
  json.key("warmup_samples");
  write_steps(json, row, true);
  if (a_case.device != "cpu") {
    json.field("device_peak_bytes", row.device_peak_bytes);
    json.key("device_states");
    json.open('[');
    for (const auto& state : row.device_states) json.value(state);
    json.close();
  }
  json.close();
}

}  // namespace

std::string render_json(const Report& report) {
  JsonText json;
  json.open('{');
  json.field("format", 1);
  json.key("run");
  write_run(json, report);
  json.key("machine");
  json.open('{');
  for (const auto& [name, value] : report.machine) json.field(name, value);
  json.close();
  json.key("libraries");
  json.open('[');
  for (const auto& library : report.libraries) write_library(json, library);
  json.close();
  json.key("peaks");
  json.open('[');
  for (const auto& table : report.tables) write_peak(json, table);
  json.close();
  json.key("cases");
  json.open('[');
  for (const auto& table : report.tables)
    for (const auto& row : table.rows) write_case(json, row);
  json.close();
  json.key("notes");
  json.open('[');
  for (const auto& note : report.footnotes) json.value(note);
  json.close();
  json.close();
  return json.text() + "\n";
}

}  // namespace lstmbench
