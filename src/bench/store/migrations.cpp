// The schema's history. Steps are only ever added: files that an older step made exist in the world.
#include "store/migrations.h"

#include <array>

namespace lstmbench {
namespace {

// Version 1: the first tables.
constexpr const char* first_tables = R"sql(
CREATE TABLE run (
  id INTEGER PRIMARY KEY,
  started_at TEXT NOT NULL,
  finished_at TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL CHECK (state IN ('running', 'finished', 'interrupted')),
  program_version TEXT NOT NULL,
  command_line TEXT NOT NULL,
  protocol TEXT NOT NULL,
  settings TEXT NOT NULL,
  baseline TEXT NOT NULL
);
CREATE TABLE run_note (
  run_id INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  note TEXT NOT NULL,
  PRIMARY KEY (run_id, position)
);
CREATE TABLE machine_fact (
  run_id INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (run_id, position)
);
CREATE TABLE library (
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  worker TEXT NOT NULL,
  command TEXT NOT NULL,
  environment TEXT NOT NULL,
  library TEXT NOT NULL,
  version TEXT NOT NULL,
  build TEXT NOT NULL,
  problem TEXT NOT NULL
);
CREATE TABLE workload (
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  source TEXT NOT NULL,
  layers INTEGER NOT NULL,
  units INTEGER NOT NULL,
  directions INTEGER NOT NULL,
  classes INTEGER NOT NULL,
  loss TEXT NOT NULL CHECK (loss IN ('cross-entropy', 'ctc')),
  samples INTEGER NOT NULL,
  time_steps INTEGER NOT NULL,
  channels INTEGER NOT NULL,
  labels INTEGER NOT NULL,
  min_length INTEGER NOT NULL,
  pads INTEGER NOT NULL,
  seed INTEGER NOT NULL,
  UNIQUE (run_id, name)
);
CREATE TABLE benchmark_case (
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  workload_id INTEGER NOT NULL REFERENCES workload(id) ON DELETE CASCADE,
  implementation TEXT NOT NULL,
  version TEXT NOT NULL,
  dtype TEXT NOT NULL,
  device TEXT NOT NULL,
  threads INTEGER NOT NULL,
  worker TEXT NOT NULL,
  is_asked_for INTEGER NOT NULL,
  repeat_command TEXT NOT NULL,
  status TEXT NOT NULL,
  message TEXT NOT NULL,
  workspace_bytes INTEGER,
  description TEXT NOT NULL,
  UNIQUE (run_id, workload_id, implementation, version, dtype, device, threads)
);
CREATE TABLE case_check (
  case_id INTEGER PRIMARY KEY REFERENCES benchmark_case(id) ON DELETE CASCADE,
  mode TEXT NOT NULL CHECK (mode IN ('slice', 'full')),
  passed INTEGER NOT NULL,
  tolerance REAL NOT NULL,
  worst_error REAL,
  worst_tensor TEXT NOT NULL,
  explanation TEXT NOT NULL
);
CREATE TABLE round (
  run_id INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  load_average_before REAL NOT NULL,
  load_average_after REAL NOT NULL,
  total_ticks INTEGER NOT NULL,
  steal_ticks INTEGER NOT NULL,
  PRIMARY KEY (run_id, number)
);
CREATE TABLE case_round (
  case_id INTEGER NOT NULL REFERENCES benchmark_case(id) ON DELETE CASCADE,
  round INTEGER NOT NULL,
  position INTEGER NOT NULL,
  status TEXT NOT NULL,
  message TEXT NOT NULL,
  peak_rss_bytes INTEGER,
  device_peak_bytes INTEGER,
  elapsed_ns INTEGER NOT NULL,
  PRIMARY KEY (case_id, round)
);
CREATE TABLE sample (
  case_id INTEGER NOT NULL,
  round INTEGER NOT NULL,
  step INTEGER NOT NULL,
  is_warmup INTEGER NOT NULL,
  input_ns INTEGER NOT NULL,
  forward_ns INTEGER NOT NULL,
  loss_ns INTEGER NOT NULL,
  backward_ns INTEGER NOT NULL,
  update_ns INTEGER NOT NULL,
  loss REAL,
  PRIMARY KEY (case_id, round, step),
  FOREIGN KEY (case_id, round) REFERENCES case_round(case_id, round) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE TABLE log (
  case_id INTEGER NOT NULL,
  round INTEGER NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (case_id, round),
  FOREIGN KEY (case_id, round) REFERENCES case_round(case_id, round) ON DELETE CASCADE
);
CREATE TABLE peak (
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  round INTEGER NOT NULL,
  threads INTEGER NOT NULL,
  fp32_gflops REAL,
  bf16_gflops REAL
);
)sql";

// Version 2: rounds that are written case by case, so that a run can go on inside one (is_complete,
// round_plan); sittings, the processes that measured a run; the control of a comparison (role); what a case
// needs to be run again (worker_command, worker_environment: JSON, empty where version 1 did not keep it);
// load of each case. SQLite cannot change a UNIQUE constraint, so benchmark_case is made anew.
constexpr const char* rounds_case_by_case = R"sql(
CREATE TABLE new_benchmark_case (
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  workload_id INTEGER NOT NULL REFERENCES workload(id) ON DELETE CASCADE,
  implementation TEXT NOT NULL,
  version TEXT NOT NULL,
  dtype TEXT NOT NULL,
  device TEXT NOT NULL,
  threads INTEGER NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('contender', 'control')),
  worker TEXT NOT NULL,
  worker_command TEXT NOT NULL,
  worker_environment TEXT NOT NULL,
  is_asked_for INTEGER NOT NULL,
  estimated_step_s REAL NOT NULL,
  repeat_command TEXT NOT NULL,
  status TEXT NOT NULL,
  message TEXT NOT NULL,
  workspace_bytes INTEGER,
  description TEXT NOT NULL,
  UNIQUE (run_id, workload_id, implementation, version, dtype, device, threads, role)
);
INSERT INTO new_benchmark_case SELECT id, run_id, workload_id, implementation, version, dtype, device, threads,
  'contender', worker, '', '', is_asked_for, 0, repeat_command, status, message, workspace_bytes, description
  FROM benchmark_case;
DROP TABLE benchmark_case;
ALTER TABLE new_benchmark_case RENAME TO benchmark_case;
ALTER TABLE round ADD COLUMN is_complete INTEGER NOT NULL DEFAULT 1;
ALTER TABLE round ADD COLUMN throttle_events INTEGER NOT NULL DEFAULT 0;
ALTER TABLE case_round ADD COLUMN sitting INTEGER NOT NULL DEFAULT 1;
ALTER TABLE case_round ADD COLUMN load_average REAL;
ALTER TABLE case_round ADD COLUMN total_ticks INTEGER;
ALTER TABLE case_round ADD COLUMN steal_ticks INTEGER;
CREATE TABLE round_plan (
  run_id INTEGER NOT NULL,
  round INTEGER NOT NULL,
  position INTEGER NOT NULL,
  case_id INTEGER NOT NULL REFERENCES benchmark_case(id) ON DELETE CASCADE,
  PRIMARY KEY (run_id, round, position),
  FOREIGN KEY (run_id, round) REFERENCES round(run_id, number) ON DELETE CASCADE
);
CREATE TABLE sitting (
  run_id INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  started_at TEXT NOT NULL,
  process TEXT NOT NULL,
  PRIMARY KEY (run_id, number)
);
INSERT INTO sitting SELECT id, 1, started_at, '' FROM run;
)sql";

// Version 3: what the harness itself costs.
constexpr const char* harness_time = R"sql(
ALTER TABLE sitting ADD COLUMN request_ns INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sitting ADD COLUMN step_ns INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sitting ADD COLUMN cpu_ns INTEGER NOT NULL DEFAULT 0;
)sql";

// Version 4: what GPUs add: steps by the device's own clock, its clocks and power, peaks of its dtypes.
constexpr const char* gpus = R"sql(
ALTER TABLE sample ADD COLUMN device_ns INTEGER;
ALTER TABLE case_round ADD COLUMN device_state TEXT NOT NULL DEFAULT '';
ALTER TABLE peak ADD COLUMN tf32_gflops REAL;
ALTER TABLE peak ADD COLUMN fp16_gflops REAL;
)sql";

constexpr std::array steps{first_tables, rounds_case_by_case, harness_time, gpus};

}  // namespace

std::span<const char* const> migration_steps() {
  return steps;
}

}  // namespace lstmbench
