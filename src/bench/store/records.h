// What is stored of a run, as values. The tables they live in are described in docs/results.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "case/case.h"
#include "machine/machine.h"
#include "protocol/messages.h"

namespace lstmbench {

// One library as its worker introduced itself, or why it did not.
struct LibraryRecord {
  WorkerCommand worker;
  std::string library;
  std::string version;
  std::map<std::string, std::string> build;
  std::string problem;  // empty where the worker answered
};

enum class CheckMode { none, slice, full };

struct CheckRecord {
  CheckMode mode = CheckMode::none;
  bool passed = false;
  double tolerance = 0;
  double worst_error = 0;    // relative to the tensor's norm
  std::string worst_tensor;  // "loss", "layer0.forward.W", ...
  std::string explanation;
};

// What a case is measured for.
enum class Role {
  contender,  // to be compared
  control,  // the same as a contender, once more in every round: what differs between the two is the machine
};

// What is known of a case before its first round.
struct CaseRecord {
  Case a_case;
  Role role = Role::contender;
  double estimated_step_s = 0;
  bool is_asked_for = false;  // by name, so that its not running is an error
  std::string repeat_command;
  std::optional<std::int64_t> workspace_bytes;
  std::string description;  // what the worker said when it prepared
};

struct SampleRecord {
  int step = 0;  // from 0, counted from the worker's prepare: warm-up steps count
  bool is_warmup = false;
  StepTimes times;
};

// What the harness costs. The difference of the first two went into messages and waking up.
struct HarnessTime {
  std::int64_t request_ns = 0;  // from asking for steps to having their times, by the harness's clock
  std::int64_t step_ns = 0;     // of these steps, by the worker's
  std::int64_t cpu_ns = 0;      // that the harness's own process computed meanwhile
};

// One case in one round.
struct CaseRound {
  std::int64_t case_id = 0;
  int position = 0;  // in the order of its round, from 0
  int sitting = 1;   // in which it was measured
  Status status = Status::ok;
  std::string message;  // why it is not ok
  std::string log;      // the end of what the worker wrote; kept only where it is not ok
  std::optional<std::int64_t> workspace_bytes;
  std::string description;
  MemoryUse memory;
  std::int64_t elapsed_ns = 0;          // of the whole case: start, prepare, all steps
  HarnessTime harness;                  // read back: only summed up, in its sitting
  LoadReading load_before, load_after;  // of the machine; read back: 0 and what was between them
  std::vector<SampleRecord> samples;
};

struct PeakReading {
  int threads = 1;
  PeakRates rates;
};

struct RoundRecord {
  int number = 0;                     // from 1; 0 holds what failed in the checks
  bool is_complete = true;            // each planned case was measured, or failed
  std::vector<std::int64_t> planned;  // ids of its cases, in order; empty: those of `cases`
  LoadReading load_before, load_after;
  std::vector<CaseRound> cases;
  std::vector<PeakReading> peaks;
};

// One process that measured a run: the first is `run`, each further one a `resume`.
struct Sitting {
  int number = 1;
  std::string started_at;
  std::string
      process;  // which one, so that a second one can tell whether it still lives (process_identity.h)
  HarnessTime harness;
};

enum class RunState { running, finished, interrupted };

struct RunRecord {
  std::int64_t id = 0;
  std::string started_at;   // ISO 8601, UTC
  std::string finished_at;  // empty while it runs
  RunState state = RunState::running;
  std::string program_version;
  std::string command_line;        // as one would type it in a shell
  std::string protocol;            // "rounds" or "seed"
  std::string settings;            // JSON: all options of the run
  std::string baseline;            // an implementation; empty: the fastest of each workload
  std::string process;             // of the first sitting
  std::vector<std::string> notes;  // what the reader must know: what was skipped and why
};

struct StoredCase {
  std::int64_t id = 0;
  CaseRecord record;
  Status status = Status::ok;  // of the case as a whole
  std::string message;
  std::optional<CheckRecord> check;
  std::map<int, CaseRound> rounds;  // by number; also of a round that is not complete
};

// A run read back.
struct StoredRun {
  RunRecord run;
  MachineFacts machine;
  std::vector<LibraryRecord> libraries;
  std::vector<StoredCase> cases;     // the contenders
  std::vector<StoredCase> controls;  // each the twin of a case
  std::vector<Sitting> sittings;
  std::map<int, RoundRecord> rounds;  // without their cases, which stand in StoredCase
};

}  // namespace lstmbench
