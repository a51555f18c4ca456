// The reading half of ResultsFile.
#include <fmt/format.h>

#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "store/results_file.h"
#include "store/schema.h"

namespace lstmbench {
namespace {

using nlohmann::json;

// A JSON text of the file as a list or a map of texts.
template <typename Value>
Value from_json(const std::string& text) {
  try {
    return json::parse(text).get<Value>();
  } catch (const json::exception& error) {
    throw StorageError(fmt::format("the results file holds a damaged value: {}", error.what()));
  }
}

// A time or a count.
std::int64_t amount(const Statement& row, int column,
                    std::int64_t most = std::numeric_limits<std::int64_t>::max()) {
  const std::int64_t value = row.integer(column);
  if (value < 0 || value > most)
    throw StorageError(
        fmt::format("the results file holds an absurd time or count of {}: it is damaged", value));
  return value;
}

// The number of a round, a step, threads, ...: whoever goes on with the run can count one further.
int count(const Statement& row, int column) {
  return static_cast<int>(amount(row, column, std::numeric_limits<int>::max() - 1));
}

std::vector<LibraryRecord> load_libraries(Database& database, std::int64_t run_id) {
  std::vector<LibraryRecord> libraries;
  Statement rows(
      database,
      "SELECT worker, command, environment, library, version, build, problem FROM library WHERE run_id = ? "
      "ORDER BY id");
  rows.bind(run_id);
  while (rows.step()) {
    LibraryRecord record;
    record.worker.name = rows.text(0);
    record.worker.arguments = from_json<std::vector<std::string>>(rows.text(1));
    record.worker.environment = from_json<std::map<std::string, std::string>>(rows.text(2));
    record.library = rows.text(3);
    record.version = rows.text(4);
    record.build = from_json<std::map<std::string, std::string>>(rows.text(5));
    record.problem = rows.text(6);
    libraries.push_back(std::move(record));
  }
  return libraries;
}

Workload workload_from(const Statement& row, int first) {
  Workload workload;
  const auto number = [&](int offset) { return count(row, first + offset); };
  workload.name = row.text(first);
  workload.source = row.text(first + 1);
  workload.layers = number(2);
  workload.units = number(3);
  workload.directions = number(4);
  workload.classes = number(5);
  workload.loss = row.text(first + 6) == "ctc" ? Loss::ctc : Loss::cross_entropy;
  workload.samples = number(7);
  workload.time_steps = number(8);
  workload.channels = number(9);
  workload.labels = number(10);
  workload.min_length = number(11);
  workload.pads = row.integer(first + 12) != 0;
  workload.seed = static_cast<std::uint32_t>(row.integer(first + 13));
  // Of a published result whose sizes nobody knows, the name is all there is.
  const bool is_name_only = workload.units == 0 && workload.samples == 0 && workload.time_steps == 0;
  try {
    if (!is_name_only) validate(workload);
  } catch (const std::invalid_argument& error) {
    throw StorageError(fmt::format("the results file holds a workload that cannot be: {}", error.what()));
  }
  return workload;
}

std::optional<CheckRecord> check_from(const Statement& row, int first) {
  if (row.is_null(first)) return std::nullopt;
  CheckRecord check;
  check.mode = row.text(first) == "full" ? CheckMode::full : CheckMode::slice;
  check.passed = row.integer(first + 1) != 0;
  check.tolerance = row.real(first + 2);
  check.worst_error = row.optional_real(first + 3).value_or(std::numeric_limits<double>::quiet_NaN());
  check.worst_tensor = row.text(first + 4);
  check.explanation = row.text(first + 5);
  return check;
}

std::map<int, CaseRound> load_case_rounds(Database& database, std::int64_t case_id) {
  std::map<int, CaseRound> rounds;
  Statement rows(
      database,
      "SELECT r.round, position, status, message, peak_rss_bytes, device_peak_bytes, elapsed_ns, "
      "l.text, sitting, "
      "load_average, total_ticks, steal_ticks, device_state FROM case_round r LEFT JOIN log l ON l.case_id = "
      "r.case_id AND l.round = r.round "
      "WHERE r.case_id = ? ORDER BY r.round");
  rows.bind(case_id);
  while (rows.step()) {
    CaseRound& round = rounds[count(rows, 0)];
    round.case_id = case_id;
    round.position = count(rows, 1);
    round.status = status_from_text(rows.text(2));
    round.message = rows.text(3);
    round.memory = {rows.optional_integer(4), rows.optional_integer(5), rows.text(12)};
    round.elapsed_ns = amount(rows, 6);
    round.log = rows.text(7);
    round.case_id = case_id;
    round.sitting = count(rows, 8);
    round.load_after = {rows.real(9), amount(rows, 10), amount(rows, 11)};
  }
  Statement samples(database,
                    "SELECT round, step, is_warmup, input_ns, forward_ns, loss_ns, backward_ns, update_ns, "
                    "loss, device_ns FROM "
                    "sample WHERE case_id = ? ORDER BY round, step");
  samples.bind(case_id);
  while (samples.step()) {
    SampleRecord sample;
    sample.step = count(samples, 1);
    sample.is_warmup = samples.integer(2) != 0;
    sample.times = {amount(samples, 3, year_ns),
                    amount(samples, 4, year_ns),
                    amount(samples, 5, year_ns),
                    amount(samples, 6, year_ns),
                    amount(samples, 7, year_ns),
                    samples.optional_real(8).value_or(std::numeric_limits<double>::quiet_NaN()),
                    samples.optional_integer(9)};
    rounds[count(samples, 0)].samples.push_back(sample);
  }
  return rounds;
}

// Contenders and controls.
void load_cases(Database& database, StoredRun& run) {
  Statement rows(
      database,
      "SELECT c.id, implementation, version, dtype, device, threads, worker, is_asked_for, repeat_command, "
      "status, message, workspace_bytes, description, w.name, w.source, layers, units, directions, classes, "
      "loss, samples, time_steps, channels, labels, min_length, pads, seed, worker_command, "
      "worker_environment, "
      "estimated_step_s, k.mode, passed, tolerance, worst_error, worst_tensor, explanation, role "
      "FROM benchmark_case c JOIN workload w ON w.id = c.workload_id "
      "LEFT JOIN case_check k ON k.case_id = c.id "
      "WHERE c.run_id = ? ORDER BY c.id");
  rows.bind(run.run.id);
  while (rows.step()) {
    StoredCase stored;
    stored.id = rows.integer(0);
    Case& a_case = stored.record.a_case;
    a_case.implementation = rows.text(1);
    a_case.version = rows.text(2);
    a_case.dtype = rows.text(3);
    a_case.device = rows.text(4);
    a_case.threads = count(rows, 5);
    a_case.worker.name = rows.text(6);
    if (rows.text(27).empty()) {  // version 1 kept them only with the library
      for (const auto& library : run.libraries)
        if (library.worker.name == a_case.worker.name) a_case.worker = library.worker;
    } else {
      a_case.worker.arguments = from_json<std::vector<std::string>>(rows.text(27));
      a_case.worker.environment = from_json<std::map<std::string, std::string>>(rows.text(28));
    }
    stored.record.role = rows.text(36) == to_string(Role::control) ? Role::control : Role::contender;
    stored.record.estimated_step_s = rows.real(29);
    stored.record.is_asked_for = rows.integer(7) != 0;
    stored.record.repeat_command = rows.text(8);
    stored.status = status_from_text(rows.text(9));
    stored.message = rows.text(10);
    stored.record.workspace_bytes = rows.optional_integer(11);
    stored.record.description = rows.text(12);
    a_case.workload = workload_from(rows, 13);
    stored.check = check_from(rows, 30);
    stored.rounds = load_case_rounds(database, stored.id);
    auto& list = stored.record.role == Role::control ? run.controls : run.cases;
    list.push_back(std::move(stored));
  }
}

std::map<int, RoundRecord> load_rounds(Database& database, std::int64_t run_id) {
  std::map<int, RoundRecord> rounds;
  Statement rows(
      database,
      "SELECT number, load_average_before, load_average_after, total_ticks, steal_ticks, throttle_events, "
      "is_complete FROM round WHERE run_id = ? ORDER BY number");
  rows.bind(run_id);
  while (rows.step()) {
    RoundRecord& round = rounds[count(rows, 0)];
    round.number = count(rows, 0);
    round.load_before.load_average = rows.real(1);
    round.load_after = {rows.real(2), amount(rows, 3), amount(rows, 4), amount(rows, 5)};
    round.is_complete = rows.integer(6) != 0;
  }
  Statement plan(database, "SELECT round, case_id FROM round_plan WHERE run_id = ? ORDER BY round, position");
  plan.bind(run_id);
  while (plan.step()) rounds[count(plan, 0)].planned.push_back(plan.integer(1));
  Statement peaks(database,
                  "SELECT round, threads, fp32_gflops, bf16_gflops, tf32_gflops, fp16_gflops FROM peak "
                  "WHERE run_id = ? ORDER BY id");
  peaks.bind(run_id);
  while (peaks.step()) {
    PeakReading reading{count(peaks, 1), {}};
    reading.rates.fp32_gflops = peaks.optional_real(2);
    reading.rates.bf16_gflops = peaks.optional_real(3);
    reading.rates.tf32_gflops = peaks.optional_real(4);
    reading.rates.fp16_gflops = peaks.optional_real(5);
    rounds[count(peaks, 0)].peaks.push_back(reading);
  }
  return rounds;
}

std::vector<Sitting> load_sittings(Database& database, std::int64_t run_id) {
  std::vector<Sitting> sittings;
  Statement rows(database,
                 "SELECT number, started_at, process, request_ns, step_ns, cpu_ns FROM sitting "
                 "WHERE run_id = ? ORDER BY number");
  rows.bind(run_id);
  while (rows.step())
    sittings.push_back(
        {count(rows, 0), rows.text(1), rows.text(2), {amount(rows, 3), amount(rows, 4), amount(rows, 5)}});
  return sittings;
}

}  // namespace

Status status_from_text(const std::string& text) {
  for (const Status status : {Status::ok, Status::incorrect, Status::unsupported, Status::out_of_memory,
                              Status::timeout, Status::crashed, Status::failed, Status::interrupted})
    if (to_string(status) == text) return status;
  throw StorageError(fmt::format("the results file holds an unknown status '{}': it is damaged", text));
}

ResultsFile ResultsFile::open_for_reading(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error))
    throw StorageError(fmt::format(
        "there is no results file '{}'; `lstmbench run` writes one, --results names another", path.string()));
  Database database(path, Database::Mode::read_only);
  if (file_version(database) == schema_version()) return ResultsFile(std::move(database));
  Database copy = Database::copy_in_memory(database);
  bring_up_to_date(copy);
  return ResultsFile(std::move(copy));
}

std::optional<std::int64_t> ResultsFile::latest_run() {
  Statement row(database_, "SELECT max(id) FROM run");
  row.step();
  return row.optional_integer(0);
}

StoredRun ResultsFile::load_run(std::int64_t run_id) {
  StoredRun stored;
  // Unfinished until the end, so that all is read as of one moment: a writer waits for it.
  Statement row(
      database_,
      "SELECT started_at, finished_at, state, program_version, command_line, protocol, settings, baseline "
      "FROM run WHERE id = ?");
  row.bind(run_id);
  if (!row.step())
    throw StorageError(fmt::format("results file '{}' holds no run {}", database_.path().string(), run_id));
  RunRecord& run = stored.run;
  run.id = run_id;
  run.started_at = row.text(0);
  run.finished_at = row.text(1);
  const std::string state = row.text(2);
  run.state = state == "finished" ? RunState::finished
                                  : (state == "interrupted" ? RunState::interrupted : RunState::running);
  run.program_version = row.text(3);
  run.command_line = row.text(4);
  run.protocol = row.text(5);
  run.settings = row.text(6);
  run.baseline = row.text(7);
  Statement notes(database_, "SELECT note FROM run_note WHERE run_id = ? ORDER BY position");
  notes.bind(run_id);
  while (notes.step()) run.notes.push_back(notes.text(0));
  Statement facts(database_, "SELECT name, value FROM machine_fact WHERE run_id = ? ORDER BY position");
  facts.bind(run_id);
  while (facts.step()) stored.machine.emplace_back(facts.text(0), facts.text(1));
  stored.libraries = load_libraries(database_, run_id);
  load_cases(database_, stored);
  stored.sittings = load_sittings(database_, run_id);
  stored.rounds = load_rounds(database_, run_id);
  return stored;
}

}  // namespace lstmbench
