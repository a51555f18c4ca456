#include "run/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>

#include "check/trajectory.h"
#include "process/interrupt.h"
#include "run/check_gate.h"
#include "run/measure_case.h"
#include "run/repeat_command.h"
#include "run/round_schedule.h"
#include "run/utc_time.h"

namespace lstmbench {
namespace {

using Clock = std::chrono::steady_clock;

struct RunningCase {
  PlannedCase planned;
  std::int64_t id = 0;
  ScheduledCase schedule;
  int rounds_done = 0;  // that ended OK
};

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

class Runner {
 public:
  Runner(const RunSetting& setting, ResultsFile& results, PeakMeter& peak, Progress& progress)
      : setting_(setting), options_(setting.options), results_(results), peak_(peak), progress_(progress) {}

  RunOutcome execute(const Plan& plan, const Discovery& discovery) {
    run_id_ = results_.begin_run(setting_.record, read_machine(setting_.files), library_records(discovery));
    for (const auto& planned : plan.cases) add(planned);
    for (const auto& a_case : cases_)
      problems_.folder_of(a_case.planned.a_case.workload);  // no room: now, not later
    if (options_.check != CheckMode::none) pass_gate();
    run_rounds();
    close();
    return {run_id_, is_interrupted()};
  }

 private:
  void add(const PlannedCase& planned) {
    RunningCase running{planned, 0, {}, 0};
    CaseRecord record;
    record.a_case = planned.a_case;
    record.is_asked_for = planned.is_asked_for;
    record.repeat_command = repeat_command(planned.a_case, setting_.case_arguments);
    running.id = results_.add_case(run_id_, record);
    running.schedule = {
        planned.a_case.workload.name,
        planned.status == Status::ok ? estimated_round_s(planned.a_case, planned.step_s, options_) : 0,
        planned.status != Status::ok};
    if (planned.status != Status::ok) results_.set_status(running.id, planned.status, planned.problem);
    cases_.push_back(std::move(running));
  }

  // A case that cannot run and that nobody asked for by name leaves the run; a note says so.
  bool leaves(RunningCase& running, Status status, const std::string& message) {
    if (status != Status::unsupported || running.planned.is_asked_for) return false;
    results_.remove_case(running.id);
    results_.add_note(run_id_, fmt::format("{} does not run {}: {}", running.planned.a_case.implementation,
                                           running.planned.a_case.workload.name, message));
    running.schedule.is_over = true;
    running.id = 0;
    return true;
  }

  void pass_gate() {
    std::vector<std::size_t> indices;
    std::vector<Case> cases;
    for (std::size_t i = 0; i < cases_.size(); ++i) {
      if (cases_[i].schedule.is_over) continue;
      indices.push_back(i);
      cases.push_back(cases_[i].planned.a_case);
    }
    const auto listener = [&](const Case& a_case, int done) {
      progress_.show({"checking", a_case.workload.name + "  " + a_case.implementation, "", done,
                      static_cast<int>(cases.size()), -1});
    };
    const auto verdicts = check_cases(cases, options_, setting_.native, directory_, listener);
    RoundRecord record;  // number 0: the checks
    record.load_before = record.load_after = read_load(setting_.files);
    for (std::size_t k = 0; k < indices.size(); ++k) {
      RunningCase& running = cases_[indices[k]];
      if (verdicts[k].check.mode != CheckMode::none) results_.record_check(running.id, verdicts[k].check);
      if (verdicts[k].status == Status::ok || leaves(running, verdicts[k].status, verdicts[k].message))
        continue;
      running.schedule.is_over = verdicts[k].status != Status::interrupted;
      CaseRound failed;
      failed.case_id = running.id;
      failed.position = static_cast<int>(k);
      failed.status = verdicts[k].status;
      failed.message = verdicts[k].message;
      failed.log = verdicts[k].log;
      say_failure(running, failed);
      record.cases.push_back(std::move(failed));
    }
    results_.record_round(run_id_, record);
  }

  void say_failure(const RunningCase& running, const CaseRound& round) {
    if (round.status == Status::ok || round.status == Status::interrupted) return;
    progress_.say(fmt::format("{} {}: {}: {}", running.planned.a_case.workload.name,
                              running.planned.a_case.implementation, to_string(round.status), round.message));
  }

  void run_rounds() {
    const int rounds =
        options_.protocol == Protocol::seed ? 1 : options_.rounds.value_or(most_default_rounds);
    for (int round = 1; round <= rounds && !is_interrupted(); ++round) {
      auto order = order_of_round(schedules(), round);
      if (round > 1 && !options_.rounds)
        order = that_fit(order, schedules(), options_.budget_s - elapsed_s());
      if (order.empty()) break;
      run_round(round, rounds, order);
    }
  }

  void run_round(int number, int rounds, const std::vector<std::size_t>& order) {
    RoundRecord record;
    record.number = number;
    record.load_before = read_load(setting_.files);
    peak_.read(record.peaks);
    for (std::size_t k = 0; k < order.size() && !is_interrupted(); ++k) {
      peak_.read_if_due(record.peaks);
      RunningCase& running = cases_[order[k]];
      ProgressPosition position{
          options_.rounds ? fmt::format("round {} of {}", number, rounds) : fmt::format("round {}", number),
          fmt::format("{}  {}", running.schedule.workload, running.planned.a_case.implementation),
          "",
          static_cast<int>(k),
          static_cast<int>(order.size()),
          left_s(order, k, rounds - number)};
      CaseRound measured =
          measure_case(running.planned.a_case, problems_.folder_of(running.planned.a_case.workload), options_,
                       [&](const std::string& detail) {
                         position.detail = detail;
                         progress_.show(position);
                       });
      if (leaves(running, measured.status, measured.message)) continue;
      measured.case_id = running.id;
      measured.position = static_cast<int>(k);
      running.schedule.round_s = static_cast<double>(measured.elapsed_ns) * 1e-9;
      say_failure(running, measured);
      record.cases.push_back(std::move(measured));
    }
    peak_.read(record.peaks);
    record.load_after = read_load(setting_.files);
    judge_trajectories(record);
    for (const auto& measured : record.cases) {
      RunningCase& running = case_of(measured.case_id);
      if (measured.status == Status::ok) {
        ++running.rounds_done;
      } else {
        running.schedule.is_over = true;
      }
    }
    results_.record_round(run_id_, record);
  }

  // Losses of full-size steps must follow the same path in every case of a workload.
  void judge_trajectories(RoundRecord& record) {
    std::map<std::string, std::vector<Trajectory>> by_workload;
    for (const auto& measured : record.cases) {
      if (measured.status != Status::ok || measured.samples.empty()) continue;
      const Case& a_case = case_of(measured.case_id).planned.a_case;
      Trajectory trajectory{std::to_string(measured.case_id), a_case.dtype, {}};
      for (const auto& sample : measured.samples) trajectory.losses.push_back(sample.times.loss);
      by_workload[a_case.workload.name].push_back(std::move(trajectory));
    }
    for (const auto& [workload, trajectories] : by_workload)
      for (const auto& fault : compare_trajectories(trajectories))
        for (auto& measured : record.cases)
          if (std::to_string(measured.case_id) == fault.case_id) {
            measured.status = Status::incorrect;
            measured.message = fault.explanation;
            say_failure(case_of(measured.case_id), measured);
          }
  }

  void close() {
    for (const auto& running : cases_)
      if (is_interrupted() && running.id != 0 && running.rounds_done == 0 && !running.schedule.is_over)
        results_.set_status(running.id, Status::interrupted, "interrupted before it was measured");
    if (!peak_.problem().empty())
      results_.add_note(run_id_, fmt::format("the machine's peak is not known: {}", peak_.problem()));
    results_.finish_run(run_id_, is_interrupted() ? RunState::interrupted : RunState::finished, utc_now());
  }

  std::vector<ScheduledCase> schedules() const {
    std::vector<ScheduledCase> result;
    for (const auto& running : cases_) result.push_back(running.schedule);
    return result;
  }

  RunningCase& case_of(std::int64_t id) {
    return *std::find_if(cases_.begin(), cases_.end(),
                         [&](const RunningCase& running) { return running.id == id; });
  }

  double elapsed_s() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

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
  std::vector<RunningCase> cases_;
  Clock::time_point start_ = Clock::now();  // the checks count against the budget, too
};

}  // namespace

RunOutcome execute_run(const Plan& plan, const Discovery& discovery, const RunSetting& setting,
                       ResultsFile& results, PeakMeter& peak, Progress& progress) {
  return Runner(setting, results, peak, progress).execute(plan, discovery);
}

}  // namespace lstmbench
