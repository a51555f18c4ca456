// The writing half of ResultsFile.
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "store/results_file.h"
#include "store/schema.h"

namespace lstmbench {
namespace {

namespace fs = std::filesystem;

// Enough for every round of a long run; written once and given back, so that the pages are the file's own.
constexpr int reserved_bytes = 1 << 20;

// A path in a command may be no UTF-8.
template <typename Value>
std::string as_json(const Value& value) {
  return nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void reserve_space(Database& database) {
  Transaction transaction(database);
  database.execute("DROP TABLE IF EXISTS space");  // of a program that was killed, or opens the file just now
  database.execute("CREATE TABLE space (bytes BLOB)");
  database.execute(fmt::format("INSERT INTO space VALUES (zeroblob({}))", reserved_bytes));
  transaction.commit();
  database.execute("DROP TABLE IF EXISTS space");
}

// A loss that is not a number has no place in a REAL column but NULL.
std::optional<double> finite(double value) {
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::int64_t workload_id(Database& database, std::int64_t run_id, const Workload& workload) {
  Statement find(database, "SELECT id FROM workload WHERE run_id = ? AND name = ?");
  find.bind(run_id).bind(workload.name);
  if (find.step()) return find.integer(0);
  Statement insert(
      database,
      "INSERT INTO workload (run_id, name, source, layers, units, directions, classes, loss, samples, "
      "time_steps, channels, labels, min_length, pads, seed) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  insert.bind(run_id).bind(workload.name).bind(workload.source).bind(workload.layers).bind(workload.units);
  insert.bind(workload.directions).bind(workload.classes);
  insert.bind(workload.loss == Loss::ctc ? "ctc" : "cross-entropy").bind(workload.samples);
  insert.bind(workload.time_steps).bind(workload.channels).bind(workload.labels).bind(workload.min_length);
  insert.bind(static_cast<int>(workload.pads)).bind(static_cast<std::int64_t>(workload.seed)).execute();
  return database.last_row_id();
}

void insert_samples(Database& database, const CaseRound& round, int number) {
  Statement insert(
      database,
      "INSERT INTO sample (case_id, round, step, is_warmup, input_ns, forward_ns, loss_ns, backward_ns, "
      "update_ns, loss, device_ns) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  for (const auto& sample : round.samples) {
    const StepTimes& times = sample.times;
    insert.bind(round.case_id).bind(number).bind(sample.step).bind(static_cast<int>(sample.is_warmup));
    insert.bind(times.input_ns).bind(times.forward_ns).bind(times.loss_ns).bind(times.backward_ns);
    insert.bind(times.update_ns).bind(finite(times.loss)).bind(times.device_ns).execute();
  }
}

void insert_case_round(Database& database, const CaseRound& round, int number) {
  Statement insert(
      database,
      "INSERT INTO case_round (case_id, round, position, sitting, status, message, peak_rss_bytes, "
      "device_peak_bytes, device_state, elapsed_ns, load_average, total_ticks, steal_ticks) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  insert.bind(round.case_id).bind(number).bind(round.position).bind(round.sitting);
  insert.bind(to_string(round.status)).bind(round.message);
  insert.bind(round.memory.peak_rss_bytes).bind(round.memory.device_peak_bytes);
  insert.bind(round.memory.device_state).bind(round.elapsed_ns);
  insert.bind(round.load_after.load_average);
  insert.bind(round.load_after.total_ticks - round.load_before.total_ticks);
  insert.bind(round.load_after.steal_ticks - round.load_before.steal_ticks).execute();
  insert_samples(database, round, number);
  if (!round.log.empty()) {
    Statement log(database, "INSERT INTO log (case_id, round, text) VALUES (?, ?, ?)");
    log.bind(round.case_id).bind(number).bind(round.log).execute();
  }
  Statement prepared(database,
                     "UPDATE benchmark_case SET workspace_bytes = coalesce(?, workspace_bytes), "
                     "description = CASE WHEN ?2 = '' THEN description ELSE ?2 END WHERE id = ?3");
  prepared.bind(round.workspace_bytes).bind(round.description).bind(round.case_id).execute();
  if (round.status == Status::ok || round.status == Status::interrupted) return;
  Statement status(database,
                   "UPDATE benchmark_case SET status = ?, message = ? WHERE id = ? AND status = 'OK'");
  status.bind(to_string(round.status)).bind(round.message).bind(round.case_id).execute();
}

void insert_round(Database& database, std::int64_t run_id, int number, bool is_complete,
                  const LoadReading& before, const LoadReading& after) {
  Statement insert(database,
                   "INSERT INTO round (run_id, number, load_average_before, load_average_after, total_ticks, "
                   "steal_ticks, throttle_events, is_complete) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  insert.bind(run_id).bind(number).bind(before.load_average).bind(after.load_average);
  insert.bind(after.total_ticks - before.total_ticks).bind(after.steal_ticks - before.steal_ticks);
  insert.bind(after.throttle_events - before.throttle_events).bind(static_cast<int>(is_complete)).execute();
}

void insert_plan(Database& database, std::int64_t run_id, int number,
                 const std::vector<std::int64_t>& case_ids) {
  Statement insert(database, "INSERT INTO round_plan (run_id, round, position, case_id) VALUES (?, ?, ?, ?)");
  for (std::size_t i = 0; i < case_ids.size(); ++i)
    insert.bind(run_id).bind(number).bind(static_cast<int>(i)).bind(case_ids[i]).execute();
}

}  // namespace

std::string to_string(CheckMode mode) {
  return mode == CheckMode::none ? "none" : mode == CheckMode::slice ? "slice" : "full";
}

std::string to_string(Role role) {
  return role == Role::control ? "control" : "contender";
}

std::string to_string(RunState state) {
  return state == RunState::running ? "running" : state == RunState::finished ? "finished" : "interrupted";
}

ResultsFile ResultsFile::open_for_writing(const fs::path& path, Patience patience) {
  if (path.empty() || path == ":memory:")
    throw StorageError(
        fmt::format("--results '{}' is a database that SQLite forgets at the end: a run must outlive its "
                    "program; name a file",
                    path.string()));
  std::error_code error;
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), error);
  if (error)
    throw StorageError(
        fmt::format("results file '{}': its folder cannot be made: {} (--results names another file)",
                    path.string(), error.message()));
  Database database(path, Database::Mode::read_write);
  database.set_patience(std::move(patience));
  bring_up_to_date(database);
  reserve_space(database);
  return ResultsFile(std::move(database));
}

std::int64_t ResultsFile::begin_run(const RunRecord& run, const MachineFacts& machine,
                                    const std::vector<LibraryRecord>& libraries) {
  Transaction transaction(database_);
  Statement insert(
      database_,
      "INSERT INTO run (started_at, state, program_version, command_line, protocol, settings, baseline) "
      "VALUES (?, 'running', ?, ?, ?, ?, ?)");
  insert.bind(run.started_at).bind(run.program_version).bind(run.command_line).bind(run.protocol);
  insert.bind(run.settings).bind(run.baseline).execute();
  const std::int64_t id = database_.last_row_id();

  Statement fact(database_, "INSERT INTO machine_fact (run_id, position, name, value) VALUES (?, ?, ?, ?)");
  for (std::size_t i = 0; i < machine.size(); ++i)
    fact.bind(id).bind(static_cast<int>(i)).bind(machine[i].first).bind(machine[i].second).execute();
  Statement library(
      database_,
      "INSERT INTO library (run_id, worker, command, environment, library, version, build, problem) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  for (const auto& record : libraries) {
    library.bind(id).bind(record.worker.name).bind(as_json(record.worker.arguments));
    library.bind(as_json(record.worker.environment)).bind(record.library).bind(record.version);
    library.bind(as_json(record.build)).bind(record.problem).execute();
  }
  for (std::size_t i = 0; i < run.notes.size(); ++i) {
    Statement note(database_, "INSERT INTO run_note (run_id, position, note) VALUES (?, ?, ?)");
    note.bind(id).bind(static_cast<int>(i)).bind(run.notes[i]).execute();
  }
  Statement sitting(database_,
                    "INSERT INTO sitting (run_id, number, started_at, process) VALUES (?, 1, ?, ?)");
  sitting.bind(id).bind(run.started_at).bind(run.process).execute();
  transaction.commit();
  return id;
}

std::int64_t ResultsFile::add_case(std::int64_t run_id, const CaseRecord& record) {
  Transaction transaction(database_);
  const Case& a_case = record.a_case;
  const std::int64_t workload = workload_id(database_, run_id, a_case.workload);
  Statement insert(
      database_,
      "INSERT INTO benchmark_case (run_id, workload_id, implementation, version, dtype, device, threads, "
      "role, "
      "worker, worker_command, worker_environment, is_asked_for, estimated_step_s, repeat_command, status, "
      "message, workspace_bytes, description) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'OK', '', ?, ?)");
  insert.bind(run_id).bind(workload).bind(a_case.implementation).bind(a_case.version).bind(a_case.dtype);
  insert.bind(a_case.device).bind(a_case.threads).bind(to_string(record.role)).bind(a_case.worker.name);
  insert.bind(as_json(a_case.worker.arguments));
  insert.bind(as_json(a_case.worker.environment));
  insert.bind(static_cast<int>(record.is_asked_for)).bind(record.estimated_step_s);
  insert.bind(record.repeat_command).bind(record.workspace_bytes).bind(record.description).execute();
  const std::int64_t id = database_.last_row_id();
  transaction.commit();
  return id;
}

void ResultsFile::remove_case(std::int64_t case_id) {
  Statement remove(database_, "DELETE FROM benchmark_case WHERE id = ?");
  remove.bind(case_id).execute();
}

void ResultsFile::add_note(std::int64_t run_id, const std::string& note) {
  Statement insert(database_,
                   "INSERT INTO run_note (run_id, position, note) "
                   "SELECT ?1, coalesce(max(position) + 1, 0), ?2 FROM run_note WHERE run_id = ?1");
  insert.bind(run_id).bind(note).execute();
}

void ResultsFile::record_check(std::int64_t case_id, const CheckRecord& check) {
  Statement insert(
      database_,
      "INSERT OR REPLACE INTO case_check (case_id, mode, passed, tolerance, worst_error, worst_tensor, "
      "explanation) VALUES (?, ?, ?, ?, ?, ?, ?)");
  insert.bind(case_id).bind(to_string(check.mode)).bind(static_cast<int>(check.passed)).bind(check.tolerance);
  insert.bind(finite(check.worst_error)).bind(check.worst_tensor).bind(check.explanation).execute();
}

void ResultsFile::set_status(std::int64_t case_id, Status status, const std::string& message) {
  Statement update(database_, "UPDATE benchmark_case SET status = ?, message = ? WHERE id = ?");
  update.bind(to_string(status)).bind(message).bind(case_id).execute();
}

void ResultsFile::open_round(std::int64_t run_id, int number, const std::vector<std::int64_t>& case_ids,
                             const LoadReading& load) {
  Transaction transaction(database_);
  insert_round(database_, run_id, number, false, load, load);
  insert_plan(database_, run_id, number, case_ids);
  transaction.commit();
}

void ResultsFile::record_case_round(std::int64_t run_id, int number, const CaseRound& round) {
  Transaction transaction(database_);
  insert_case_round(database_, round, number);
  Statement load(database_,
                 "UPDATE round SET load_average_after = ?, total_ticks = total_ticks + ?, "
                 "steal_ticks = steal_ticks + ?, throttle_events = throttle_events + ? "
                 "WHERE run_id = ? AND number = ?");
  const LoadReading &before = round.load_before, &after = round.load_after;
  load.bind(after.load_average).bind(after.total_ticks - before.total_ticks);
  load.bind(after.steal_ticks - before.steal_ticks).bind(after.throttle_events - before.throttle_events);
  load.bind(run_id).bind(number).execute();
  Statement harness(database_,
                    "UPDATE sitting SET request_ns = request_ns + ?, step_ns = step_ns + ?, "
                    "cpu_ns = cpu_ns + ? WHERE run_id = ? AND number = ?");
  harness.bind(round.harness.request_ns).bind(round.harness.step_ns).bind(round.harness.cpu_ns);
  harness.bind(run_id).bind(round.sitting).execute();
  transaction.commit();
}

void ResultsFile::record_peaks(std::int64_t run_id, int number, const std::vector<PeakReading>& peaks) {
  Transaction transaction(database_);
  Statement peak(
      database_,
      "INSERT INTO peak (run_id, round, threads, fp32_gflops, bf16_gflops, tf32_gflops, fp16_gflops) "
      "VALUES (?, ?, ?, ?, ?, ?, ?)");
  for (const auto& reading : peaks)
    peak.bind(run_id)
        .bind(number)
        .bind(reading.threads)
        .bind(reading.rates.fp32_gflops)
        .bind(reading.rates.bf16_gflops)
        .bind(reading.rates.tf32_gflops)
        .bind(reading.rates.fp16_gflops)
        .execute();
  transaction.commit();
}

void ResultsFile::fail_case_round(int number, std::int64_t case_id, Status status,
                                  const std::string& message) {
  Transaction transaction(database_);
  Statement update(database_,
                   "UPDATE case_round SET status = ?, message = ? WHERE case_id = ? AND round = ?");
  update.bind(to_string(status)).bind(message).bind(case_id).bind(number).execute();
  set_status(case_id, status, message);
  transaction.commit();
}

void ResultsFile::close_round(std::int64_t run_id, int number) {
  Statement update(database_, "UPDATE round SET is_complete = 1 WHERE run_id = ? AND number = ?");
  update.bind(run_id).bind(number).execute();
}

void ResultsFile::record_round(std::int64_t run_id, const RoundRecord& round) {
  Transaction transaction(database_);
  insert_round(database_, run_id, round.number, round.is_complete, round.load_before, round.load_after);
  std::vector<std::int64_t> planned = round.planned;
  if (planned.empty())
    for (const auto& case_round : round.cases) planned.push_back(case_round.case_id);
  for (const auto& case_round : round.cases) insert_case_round(database_, case_round, round.number);
  insert_plan(database_, run_id, round.number, planned);
  record_peaks(run_id, round.number, round.peaks);
  transaction.commit();
}

int ResultsFile::begin_sitting(std::int64_t run_id, const std::string& started_at,
                               const std::string& process) {
  Transaction transaction(database_);
  Statement last(database_, "SELECT coalesce(max(number), 0) FROM sitting WHERE run_id = ?");
  last.bind(run_id).step();
  const int number = static_cast<int>(last.integer(0)) + 1;
  Statement insert(database_,
                   "INSERT INTO sitting (run_id, number, started_at, process) VALUES (?, ?, ?, ?)");
  insert.bind(run_id).bind(number).bind(started_at).bind(process).execute();
  for (const char* sql :
       {"UPDATE run SET state = 'running', finished_at = '' WHERE id = ?",
        "UPDATE benchmark_case SET status = 'OK', message = '' WHERE status = 'INTERRUPTED' AND run_id = ?",
        "DELETE FROM case_round WHERE status = 'INTERRUPTED' AND case_id IN "
        "(SELECT id FROM benchmark_case WHERE run_id = ?)"})
    Statement(database_, sql).bind(run_id).execute();
  transaction.commit();
  return number;
}

void ResultsFile::set_settings(std::int64_t run_id, const std::string& settings) {
  Statement(database_, "UPDATE run SET settings = ? WHERE id = ?").bind(settings).bind(run_id).execute();
}

void ResultsFile::finish_run(std::int64_t run_id, RunState state, const std::string& finished_at) {
  Statement update(database_, "UPDATE run SET state = ?, finished_at = ? WHERE id = ?");
  update.bind(to_string(state)).bind(finished_at).bind(run_id).execute();
}

}  // namespace lstmbench
