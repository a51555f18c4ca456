#include "report/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <tuple>

#include "report/notes.h"
#include "report/ranking.h"
#include "report/rnn_benchmarks/read.h"
#include "statistics/summary.h"
#include "verdict/stored_medians.h"

namespace lstmbench {
namespace {

std::optional<double> PeakRates::*rate_for(const std::string& dtype) {
  if (dtype == "fp32") return &PeakRates::fp32_gflops;
  if (dtype == "bf16" || dtype == "bf16x3") return &PeakRates::bf16_gflops;
  if (dtype == "tf32") return &PeakRates::tf32_gflops;
  if (dtype == "fp16") return &PeakRates::fp16_gflops;
  return nullptr;
}

std::optional<double> median_rate(const StoredRun& stored, std::optional<double> PeakRates::*rate,
                                  int threads) {
  std::vector<double> readings;
  for (const auto& [number, round] : stored.rounds)
    for (const auto& reading : round.peaks)
      if (reading.threads == threads && reading.rates.*rate) readings.push_back(*(reading.rates.*rate));
  if (readings.empty()) return std::nullopt;
  return median(readings);
}

std::optional<double> peak_of(const StoredRun& stored, const std::string& dtype, int threads) {
  const auto rate = rate_for(dtype);
  if (!rate) return std::nullopt;
  if (const auto peak = median_rate(stored, rate, threads))
    return *peak / (dtype == "bf16x3" ? 3 : 1);  // products of bf16, for one of the network
  // Without instructions for bf16 a product is one in fp32.
  if (rate == &PeakRates::bf16_gflops) return median_rate(stored, &PeakRates::fp32_gflops, threads);
  return std::nullopt;
}

template <typename Part>
std::vector<double> values_of(const std::vector<StepTimes>& steps, Part part) {
  std::vector<double> values;
  values.reserve(steps.size());
  for (const auto& step : steps) values.push_back(static_cast<double>(part(step)));
  return values;
}

// Of the medians within rounds: rounds count alike. Of a slow round there are fewer steps, and all steps
// together would make a case look faster the more uneven it is.
template <typename Part>
double median_of(const std::vector<std::vector<StepTimes>>& rounds, Part part) {
  std::vector<double> medians;
  for (const auto& steps : rounds) medians.push_back(median(values_of(steps, part)));
  return median(medians);
}

// Timed steps by round, at least one in each.
void summarise_steps(const std::vector<std::vector<StepTimes>>& rounds, ReportRow& row) {
  std::vector<StepTimes> steps;
  for (const auto& round : rounds) steps.insert(steps.end(), round.begin(), round.end());
  const auto headline = [](const StepTimes& s) { return s.headline_ns(); };
  const auto totals = values_of(steps, [](const StepTimes& s) { return s.total_ns(); });
  row.headline_median_ns = median_of(rounds, headline);
  row.headline_mad_ns = median_absolute_deviation(values_of(steps, headline));
  row.total_mean_ns = mean(totals);
  row.total_deviation_ns = standard_deviation(totals);
  row.phases = PhaseMedians{median_of(rounds, [](const StepTimes& s) { return s.input_ns; }),
                            median_of(rounds, [](const StepTimes& s) { return s.forward_ns; }),
                            median_of(rounds, [](const StepTimes& s) { return s.loss_ns; }),
                            median_of(rounds, [](const StepTimes& s) { return s.backward_ns; }),
                            median_of(rounds, [](const StepTimes& s) { return s.update_ns; })};
  if (*row.headline_median_ns > 0 && row.a_case.workload.units > 0)
    row.gflops = row.a_case.workload.flops() / *row.headline_median_ns;
}

ReportRow make_row(const StoredCase& stored, const std::optional<double>& peak_gflops) {
  ReportRow row;
  row.a_case = stored.record.a_case;
  row.status = to_string(stored.status);
  row.message = stored.message;
  row.repeat_command = stored.record.repeat_command;
  row.check = stored.check;
  row.round_medians = round_medians(stored);
  row.workspace_bytes = stored.record.workspace_bytes;
  row.description = stored.record.description;
  std::vector<std::vector<StepTimes>> timed;  // by round
  for (const auto& [number, round] : stored.rounds) {
    if (row.log.empty()) row.log = round.log;
    if (round.memory.peak_rss_bytes)
      row.peak_rss_bytes = std::max(row.peak_rss_bytes.value_or(0), *round.memory.peak_rss_bytes);
    if (round.memory.device_peak_bytes)
      row.device_peak_bytes = std::max(row.device_peak_bytes.value_or(0), *round.memory.device_peak_bytes);
    if (!round.memory.device_state.empty()) row.device_states.push_back(round.memory.device_state);
    std::vector<StepTimes> of_round;
    for (const auto& sample : round.samples) {
      row.samples.push_back({number, sample});
      if (sample.is_warmup) continue;
      row.is_cold |= sample.step == 0;
      of_round.push_back(sample.times);
    }
    if (!of_round.empty()) timed.push_back(std::move(of_round));
  }
  row.rounds = static_cast<int>(timed.size());
  if (!timed.empty()) summarise_steps(timed, row);
  if (row.gflops && peak_gflops && *peak_gflops > 0) row.peak_percent = 100 * *row.gflops / *peak_gflops;
  if (stored.status == Status::ok && (!stored.check || !stored.check->passed)) row.status = "UNCHECKED";
  if (row.is_ranked() && !row.headline_median_ns) {  // the run ended before it was measured
    row.status = "INTERRUPTED";
    row.message = "the run ended before it was measured";
  }
  return row;
}

// Nobody here has checked these, and only whole steps are known.
void mark_published(ReportRow& row) {
  if (row.is_ranked()) row.status = "PUBLISHED";
  row.phases.reset();
  row.is_cold = false;
}

using TableKey = std::tuple<std::string, std::string, std::string, int>;
TableKey key_of(const Case& a_case) {
  return {a_case.workload.name, a_case.dtype, a_case.device, a_case.threads};
}

// Of what is not negative; the largest number where the sum is larger, as in a damaged file.
std::int64_t sum_of(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::int64_t>::max() : sum;
}

void summarise_machine(const StoredRun& stored, Report& report) {
  std::int64_t total = 0, steal = 0;
  for (const auto& [number, round] : stored.rounds) {
    if (number == 0) continue;  // the checks
    report.rounds += round.is_complete;
    report.load_average = std::max(report.load_average.value_or(0), round.load_after.load_average);
    total = sum_of(total, round.load_after.total_ticks);
    steal = sum_of(steal, round.load_after.steal_ticks);
  }
  if (total > 0) report.steal_percent = 100.0 * static_cast<double>(steal) / static_cast<double>(total);
  for (const auto& sitting : stored.sittings) {
    report.harness.request_ns = sum_of(report.harness.request_ns, sitting.harness.request_ns);
    report.harness.step_ns = sum_of(report.harness.step_ns, sitting.harness.step_ns);
    report.harness.cpu_ns = sum_of(report.harness.cpu_ns, sitting.harness.cpu_ns);
  }
}

}  // namespace

int ReportTable::most_rounds() const {
  int most = 0;
  for (const auto& row : rows)
    if (row.is_ranked()) most = std::max(most, row.rounds);
  return most;
}

std::string describe(const Workload& workload) {
  if (workload.units == 0) return "a network that the imported file does not describe";
  std::string text =
      fmt::format("{} layer{} x {} units, {}, {}, {}x{}x{}", workload.layers, workload.layers == 1 ? "" : "s",
                  workload.units, workload.directions == 2 ? "bidirectional" : "unidirectional",
                  workload.loss == Loss::ctc ? "CTC" : "cross-entropy", workload.samples, workload.time_steps,
                  workload.channels);
  if (workload.min_length != workload.time_steps)
    text += fmt::format(", {}lengths {}..{}", workload.pads ? "padded, CTC " : "", workload.min_length,
                        workload.time_steps);
  return text;
}

std::string describe_conditions(const ReportTable& table) {
  if (table.device != "cpu") return table.dtype + ", " + table.device;
  return fmt::format("{}, {} thread{}", table.dtype, table.threads, table.threads == 1 ? "" : "s");
}

bool is_known_fit(const Report& report) {
  return !report.controls.empty() &&
         std::all_of(report.controls.begin(), report.controls.end(), [](const ControlJudgement& control) {
           return control.judgement.verdict == Verdict::equivalent;
         });
}

Report build_report(StoredRun whole_run) {
  const WholeRounds whole = whole_rounds(std::move(whole_run));
  const StoredRun& stored = whole.run;
  Report report;
  report.run = stored.run;
  report.machine = stored.machine;
  report.libraries = stored.libraries;
  report.is_published = is_published(stored.run);
  report.shows_whole_steps = report.is_published || stored.run.protocol == "seed";
  summarise_machine(stored, report);
  for (const auto& stored_case : stored.cases) {
    const Case& a_case = stored_case.record.a_case;
    auto table = std::find_if(report.tables.begin(), report.tables.end(), [&](const ReportTable& t) {
      return TableKey(t.workload.name, t.dtype, t.device, t.threads) == key_of(a_case);
    });
    if (table == report.tables.end()) {
      report.tables.push_back({a_case.workload,
                               a_case.dtype,
                               a_case.device,
                               a_case.threads,
                               peak_of(stored, a_case.dtype, a_case.threads),
                               {}});
      table = std::prev(report.tables.end());
    }
    table->rows.push_back(make_row(stored_case, table->peak_gflops));
    if (report.is_published) mark_published(table->rows.back());
  }
  for (auto& table : report.tables) {
    rank(table, stored, report.shows_whole_steps);
    for (const auto& row : table.rows)
      ++(row.status == "OK" ? report.ok : row.is_ranked() ? report.unchecked : report.not_ok);
  }
  report.controls = judge_controls(stored);
  report.unfit = unfit_warnings(report.controls);
  report.failed_controls = failed_controls(stored);
  if (!report.shows_whole_steps) report.too_few_rounds = too_few_rounds(report);
  std::optional<std::string> incomplete;
  if (whole.incomplete)
    incomplete =
        fmt::format("round {} was not finished{}; `lstmbench resume` goes on with it", *whole.incomplete,
                    whole.is_left_out ? " and is left out" : ": what is missing in it was not measured");
  report.footnotes = footnotes(report, incomplete);
  return report;
}

}  // namespace lstmbench
