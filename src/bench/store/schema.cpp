#include "store/schema.h"

#include <fmt/format.h>

namespace lstmbench {
namespace {

// "lstm" in ASCII: says that an SQLite file is ours.
constexpr int application_id = 0x6c73746d;

constexpr const char* tables = R"sql(
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

std::int64_t pragma(Database& database, const char* name) {
  Statement statement(database, fmt::format("PRAGMA {}", name));
  statement.step();
  return statement.integer(0);
}

bool is_empty(Database& database) {
  Statement statement(database, "SELECT count(*) FROM sqlite_master");
  statement.step();
  return statement.integer(0) == 0;
}

}  // namespace

void require_schema(Database& database) {
  const auto version = pragma(database, "user_version");
  if (pragma(database, "application_id") != application_id)
    throw StorageError(
        fmt::format("results file '{}' is an SQLite database of another program; name another file with "
                    "--results",
                    database.path().string()));
  if (version != schema_version)
    throw StorageError(
        fmt::format("results file '{}' has schema version {}, this program reads and writes {}; use the "
                    "lstmbench that wrote it, "
                    "or name another file with --results",
                    database.path().string(), version, schema_version));
}

void create_schema(Database& database) {
  if (is_empty(database)) {
    Transaction transaction(database);
    if (is_empty(database)) {  // no other program was quicker
      database.execute(tables);
      database.execute(fmt::format("PRAGMA application_id = {}", application_id));
      database.execute(fmt::format("PRAGMA user_version = {}", schema_version));
    }
    transaction.commit();
  }
  require_schema(database);
}

}  // namespace lstmbench
