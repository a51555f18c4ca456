#include "run/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>

#include "check/trajectory.h"
#include "machine/machine.h"
#include "process/interrupt.h"
#include "process/process_identity.h"
#include "run/check_gate.h"
#include "run/clock_watch.h"
#include "run/fitness_notes.h"
#include "run/measure_case.h"
#include "run/resumable.h"
#include "run/round_schedule.h"
#include "run/running_cases.h"
#include "run/settings.h"
#include "run/utc_time.h"
#include "verdict/stored_medians.h"

namespace lstmbench {
namespace {

using Clock = std::chrono::steady_clock;

std::vector<LibraryRecord> library_records(const Discovery& discovery) {
  std::vector<LibraryRecord> records;
  for (const auto& worker : discovery.workers) {
    LibraryRecord record{worker.command, worker.command.name, "", {}, worker.problem};
    if (worker.hello) {
      record.library = worker.hello->library;
      record.version = worker.hello->version;
      record.build = worker.hello->build;
    }
    records.push_back(std::move(record));
  }
  return records;
}

// Of several versions of a library, which one.
std::string name_in_progress(const Case& a_case) {
  return a_case.worker.version.empty() ? a_case.implementation
                                       : a_case.implementation + " " + a_case.worker.version;
}

class Runner {
 public:
  Runner(const RunSetting& setting, ResultsFile& results, PeakMeter& peak, Progress& progress)
      : setting_(setting), options_(setting.options), results_(results), peak_(peak), progress_(progress) {
    results_.set_patience(patience_of_a_run(progress));
  }
  ~Runner() { results_.set_patience({}); }  // `progress` may end with the run
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  std::int64_t execute(const Plan& plan, const Discovery& discovery) {
    {
      auto transaction = results_.begin_transaction();  // no run without its cases
      RunRecord record = setting_.record;
      record.process = own_process_identity(setting_.files);
      run_id_ = results_.begin_run(record, read_machine(setting_.files), library_records(discovery));
      cases_ = begin_cases(plan, options_, setting_.case_arguments, run_id_, results_);
      lock_ = results_.lock_run(run_id_);
      transaction.commit();
    }
    go_on();
    return run_id_;
  }

  void resume(const StoredRun& before) {
    auto unfit = fitness_warnings(setting_.files);
    add_crowding(unfit, options_, setting_.files);
    run_id_ = before.run.id;
    lock_ = results_.lock_run(run_id_);
    if (!lock_) refuse_measured(before);
    const auto changes = changes_since(before, setting_.files);
    {
      // Asking the libraries took its time: another process may have begun. From here on none can.
      auto transaction = results_.begin_transaction();
      require_not_running(results_.load_run(run_id_), setting_.files);
      results_.set_settings(run_id_, settings_text(options_, setting_.case_arguments));
      sitting_ = results_.begin_sitting(run_id_, utc_now(), own_process_identity(setting_.files));
      for (const auto& change : changes)
        results_.add_note(run_id_, fmt::format("when the run was resumed, {}", change));
      for (const auto& note : fitness_notes(unfit, "when the run was resumed", progress_))
        if (std::count(before.run.notes.begin(), before.run.notes.end(), note) == 0)
          results_.add_note(run_id_, note);
      transaction.commit();
    }
    const StoredRun stored = results_.load_run(run_id_);  // without what was interrupted
    cases_ = stored_cases(stored, options_, setting_.case_arguments, results_);
    was_finished_ = before.run.state == RunState::finished;
    for (const auto* list : {&stored.cases, &stored.controls})
      for (const auto& known : *list) {
        if (known.check || options_.check == CheckMode::none) checked_.insert(known.id);
        for (const auto& [number, round] : known.rounds)
          spent_before_s_ += 1e-9 * static_cast<double>(round.elapsed_ns);
      }
    for (const auto& [number, round] : stored.rounds) {
      if (number == 0) has_round_of_checks_ = true;
      next_round_ = std::max(next_round_, number + (round.is_complete ? 1 : 0));
      if (number > 0 && !round.is_complete) open_ = round;
    }
    if (open_) recall_losses(stored, open_->number);
    go_on();
  }

 private:
  void go_on() {
    for (const auto& running : cases_)
      if (!running.schedule.is_over)
        problems_.folder_of(running.planned.a_case.workload);  // no room: now, not later
    if (options_.check != CheckMode::none) pass_gate();
    run_rounds();
    close();
  }

  // A case that cannot run and that nobody asked for by name leaves the run; a note says so. One that did run
  // before stays, with all that was measured.
  bool leaves(RunningCase& running, Status status, const std::string& message) {
    if (status != Status::unsupported || running.planned.is_asked_for) return false;
    const auto both = with_control(running);
    if (std::any_of(both.begin(), both.end(), [](const RunningCase* one) { return !one->medians.empty(); }))
      return false;
    auto transaction = results_.begin_transaction();
    for (RunningCase* one : both) {
      results_.remove_case(one->id);
      one->schedule.is_over = true;
      one->id = 0;
    }
    results_.add_note(run_id_, fmt::format("{} does not run {}: {}", running.planned.a_case.implementation,
                                           running.planned.a_case.workload.name, message));
    transaction.commit();
    return true;
  }

  std::vector<RunningCase*> with_control(RunningCase& running) {
    std::vector<RunningCase*> both{&running};
    for (auto& other : cases_)
      if (other.id != running.id && other.id != 0 &&
          is_same_case(other.planned.a_case, running.planned.a_case))
        both.push_back(&other);
    return both;
  }

  void pass_gate() {
    std::vector<std::size_t> indices;
    std::vector<Case> cases;
    for (std::size_t i = 0; i < cases_.size(); ++i) {
      if (cases_[i].schedule.is_over || cases_[i].role == Role::control || checked_.count(cases_[i].id))
        continue;
      indices.push_back(i);
      cases.push_back(cases_[i].planned.a_case);
    }
    if (cases.empty()) return;
    if (!has_round_of_checks_) {
      results_.open_round(run_id_, 0, {}, read_load(setting_.files));
      results_.close_round(run_id_, 0);  // it holds what failed in it, never the half of something
    }
    const auto listener = [&](const Case& a_case, int done) {
      progress_.show({"checking", a_case.workload.name + "  " + name_in_progress(a_case), "", done,
                      static_cast<int>(cases.size()), -1});
    };
    check_cases(
        cases, options_, setting_.native, directory_, listener,
        [&](std::size_t k, const GateResult& verdict) { take_verdict(cases_[indices[k]], k, verdict); });
  }

  void take_verdict(RunningCase& running, std::size_t position, const GateResult& verdict) {
    auto transaction = results_.begin_transaction();
    if (verdict.check.mode != CheckMode::none) results_.record_check(running.id, verdict.check);
    if (verdict.status != Status::ok && !leaves(running, verdict.status, verdict.message)) {
      running.schedule.is_over = verdict.status != Status::interrupted;
      CaseRound failed;
      failed.case_id = running.id;
      failed.position = static_cast<int>(position);
      failed.sitting = sitting_;
      failed.status = verdict.status;
      failed.message = verdict.message;
      failed.log = verdict.log;
      say_failure(running, failed);
      results_.record_case_round(run_id_, 0, failed);
    }
    transaction.commit();
  }

  void say_failure(const RunningCase& running, const CaseRound& round) {
    if (round.status == Status::ok || round.status == Status::interrupted) return;
    progress_.say(fmt::format("{} {}: {}: {}", running.planned.a_case.workload.name,
                              name_in_progress(running.planned.a_case), to_string(round.status),
                              round.message));
  }

  void run_rounds() {
    // Of a run that was over as far as its options go, a larger budget was asked for.
    const int most = options_.most_rounds + (was_finished_ ? next_round_ - 1 : 0);
    const int rounds = options_.protocol == Protocol::seed ? 1 : options_.rounds.value_or(most);
    for (int round = next_round_; round <= rounds && !is_interrupted(); ++round) {
      if (open_ && open_->number == round) {
        run_round(round, rounds, rest_of(*open_));
        open_.reset();
        continue;
      }
      if (!was_finished_ || last_round_ > 0) end_precise_tables(cases_, options_);
      auto order = order_of_round(schedules(), round);
      if (round > 1 && !options_.rounds)
        order = that_fit(order, schedules(), options_.budget_s - elapsed_s());
      if (order.empty()) break;
      std::vector<std::int64_t> ids;
      for (const std::size_t i : order) ids.push_back(cases_[i].id);
      results_.open_round(run_id_, round, ids, read_load(setting_.files));
      losses_.clear();
      run_round(round, rounds, order);
    }
    if (last_round_ == 0 && was_finished_ && !is_interrupted()) say_nothing_fits();
    if (last_round_ == 0 || is_interrupted()) return;
    std::vector<PeakReading> peaks;
    peak_.read(peaks);
    results_.record_peaks(run_id_, last_round_, peaks);
  }

  void say_nothing_fits() {
    const bool is_over = std::all_of(cases_.begin(), cases_.end(),
                                     [](const RunningCase& running) { return running.schedule.is_over; });
    progress_.say(
        is_over ? "nothing was measured: no case of the run can go on"
        : options_.rounds
            ? fmt::format("nothing was measured: the run has {} rounds already", next_round_ - 1)
            : fmt::format("nothing was measured: {} of the budget are spent, and no round fits into "
                          "the rest; give a larger --budget",
                          format_duration(elapsed_s())));
  }

  // What an earlier process had planned for the round and not measured.
  std::vector<std::size_t> rest_of(const RoundRecord& round) const {
    std::vector<std::size_t> rest;
    for (const auto id : round.planned)
      for (std::size_t i = 0; i < cases_.size(); ++i)
        if (cases_[i].id == id && !cases_[i].schedule.is_over && !measured_.count(id)) rest.push_back(i);
    return rest;
  }

  // Each measurement is on the disk before the next one begins; the round counts as whole only with the last.
  void run_round(int number, int rounds, const std::vector<std::size_t>& order) {
    std::vector<PeakReading> peaks;
    const int before = static_cast<int>(measured_.size());
    if (std::exchange(has_peak_, true))
      peak_.read_if_due(peaks);
    else
      peak_.read(peaks);
    for (std::size_t k = 0; k < order.size() && !is_interrupted(); ++k) {
      peak_.read_if_due(peaks);
      RunningCase& running = cases_[order[k]];
      if (running.schedule.twin && cases_[*running.schedule.twin].schedule.is_over)
        continue;  // failed just now
      ProgressPosition position{
          options_.rounds ? fmt::format("round {} of {}", number, rounds) : fmt::format("round {}", number),
          fmt::format("{}  {}{}", running.schedule.workload, name_in_progress(running.planned.a_case),
                      running.role == Role::control ? " (again)" : ""),
          "",
          static_cast<int>(k),
          static_cast<int>(order.size()),
          left_s(order, k, rounds - number)};
      const LoadReading load = std::exchange(load_, read_load(setting_.files));
      CaseRound measured =
          measure_case(running.planned.a_case, problems_.folder_of(running.planned.a_case.workload), options_,
                       [&](const std::string& detail) {
                         position.detail = detail;
                         progress_.show(position);
                       });
      watch_clock(number);
      if (leaves(running, measured.status, measured.message)) continue;
      measured.case_id = running.id;
      measured.position = before + static_cast<int>(k);
      measured.sitting = sitting_;
      measured.load_before = k == 0 ? load_ : load;  // nothing between two cases is left out
      measured.load_after = load_ = read_load(setting_.files);
      take(running, number, measured, peaks);
    }
    if (is_interrupted()) return;
    last_round_ = number;
    auto transaction = results_.begin_transaction();
    judge_trajectories(number);
    results_.record_peaks(run_id_, number, peaks);
    results_.close_round(run_id_, number);
    transaction.commit();
    measured_.clear();
  }

  void take(RunningCase& running, int number, const CaseRound& measured, std::vector<PeakReading>& peaks) {
    auto transaction = results_.begin_transaction();
    results_.record_case_round(run_id_, number, measured);
    results_.record_peaks(run_id_, number, peaks);
    transaction.commit();
    peaks.clear();
    measured_.insert(running.id);
    running.schedule.round_s = static_cast<double>(measured.elapsed_ns) * 1e-9;
    say_failure(running, measured);
    if (measured.status != Status::ok) {
      running.schedule.is_over =
          measured.status != Status::interrupted;  // which another process may go on with
      return;
    }
    if (const auto time = round_median(measured)) running.medians[number] = *time;
    for (const auto& sample : measured.samples) losses_[running.id].push_back(sample.times.loss);
  }

  void recall_losses(const StoredRun& stored, int number) {
    for (const auto* list : {&stored.cases, &stored.controls})
      for (const auto& known : *list) {
        const auto round = known.rounds.find(number);
        if (round == known.rounds.end()) continue;
        measured_.insert(known.id);
        if (round->second.status != Status::ok) continue;
        for (const auto& sample : round->second.samples) losses_[known.id].push_back(sample.times.loss);
      }
  }

  // Losses of full-size steps must follow the same path in every case of a workload.
  void judge_trajectories(int number) {
    std::map<std::string, std::vector<Trajectory>> by_workload;
    for (const auto& running : cases_)
      if (const auto known = losses_.find(running.id); known != losses_.end() && !known->second.empty())
        by_workload[running.schedule.workload].push_back(
            {std::to_string(running.id), running.planned.a_case.dtype, known->second});
    for (const auto& [workload, trajectories] : by_workload)
      for (const auto& fault : compare_trajectories(trajectories))
        for (auto& running : cases_)
          if (std::to_string(running.id) == fault.case_id) {
            CaseRound failed;
            failed.status = Status::incorrect;
            failed.message = fault.explanation;
            results_.fail_case_round(number, running.id, failed.status, failed.message);
            running.schedule.is_over = true;
            running.medians.erase(number);
            say_failure(running, failed);
          }
    losses_.clear();
  }

  void watch_clock(int number) {
    if (const auto step_s = clock_.step_s(wall_clock_offset_s()))
      results_.add_note(
          run_id_, fmt::format("somebody set the machine's clock by {:+.0f} s during round {}: moments in "
                               "this run are not to be compared; its times are not touched by that",
                               *step_s, number));
  }

  void close() {
    auto transaction = results_.begin_transaction();
    for (const auto& running : cases_)
      if (is_interrupted() && running.id != 0 && running.medians.empty() && !running.schedule.is_over)
        results_.set_status(running.id, Status::interrupted, "interrupted before it was measured");
    if (!peak_.problem().empty())
      results_.add_note(run_id_, fmt::format("the machine's peak is not known: {}", peak_.problem()));
    results_.finish_run(run_id_, is_interrupted() ? RunState::interrupted : RunState::finished, utc_now());
    transaction.commit();
  }

  std::vector<ScheduledCase> schedules() const {
    std::vector<ScheduledCase> result;
    for (const auto& running : cases_) result.push_back(running.schedule);
    return result;
  }

  double elapsed_s() const {
    return spent_before_s_ + std::chrono::duration<double>(Clock::now() - start_).count();
  }

  // The rest of this round, and the rounds behind it as far as the budget allows them.
  double left_s(const std::vector<std::size_t>& order, std::size_t at, int rounds_behind) const {
    double this_round = 0, whole_round = 0;
    for (std::size_t k = 0; k < order.size(); ++k) {
      const double cost = cases_[order[k]].schedule.round_s;
      whole_round += cost;
      if (k >= at) this_round += cost;
    }
    const double all = this_round + rounds_behind * whole_round;
    return options_.rounds ? all : std::max(this_round, std::min(all, options_.budget_s - elapsed_s()));
  }

  const RunSetting& setting_;
  const RunOptions& options_;
  ResultsFile& results_;
  PeakMeter& peak_;
  Progress& progress_;
  TemporaryDirectory directory_;
  Problems problems_{directory_};
  std::int64_t run_id_ = 0;
  std::optional<RunLock> lock_;  // that nobody else measures it
  int sitting_ = 1;
  int next_round_ = 1;
  std::optional<RoundRecord> open_;  // that an earlier process did not finish
  bool has_round_of_checks_ = false;
  bool was_finished_ = false;  // and is resumed to measure more
  std::vector<RunningCase> cases_;
  std::set<std::int64_t> checked_;                      // by earlier processes
  std::set<std::int64_t> measured_;                     // in the round that is open
  std::map<std::int64_t, std::vector<double>> losses_;  // of the round that is open
  bool has_peak_ = false;                               // a reading of this process
  int last_round_ = 0;                                  // that this process finished
  LoadReading load_;                                    // after the last measurement
  ClockWatch clock_{wall_clock_offset_s()};
  double spent_before_s_ = 0;               // by earlier processes
  Clock::time_point start_ = Clock::now();  // the checks count against the budget, too
};

}  // namespace

Patience patience_of_a_run(Progress& progress) {
  Patience patience;
  patience.at_most = std::chrono::minutes(10);
  patience.say = [&progress](const std::string& line) { progress.say(line); };
  return patience;
}

std::int64_t execute_run(const Plan& plan, const Discovery& discovery, const RunSetting& setting,
                         ResultsFile& results, PeakMeter& peak, Progress& progress) {
  return Runner(setting, results, peak, progress).execute(plan, discovery);
}

void resume_run(const StoredRun& stored, const RunSetting& setting, ResultsFile& results, PeakMeter& peak,
                Progress& progress) {
  Runner(setting, results, peak, progress).resume(stored);
}

}  // namespace lstmbench
