#include "store/run_list.h"

#include "store/results_file.h"
#include "store/schema.h"

namespace lstmbench {
namespace {

std::vector<std::string> texts(Database& database, const char* sql, std::int64_t run_id) {
  std::vector<std::string> result;
  Statement rows(database, sql);
  rows.bind(run_id);
  while (rows.step()) result.push_back(rows.text(0));
  return result;
}

std::vector<RunSummary> read_runs(Database& database) {
  std::vector<RunSummary> runs;
  Statement rows(database,
                 "SELECT id, started_at, CASE protocol WHEN 'published' THEN 'imported' ELSE state END, "
                 "(SELECT count(*) FROM round WHERE run_id = run.id AND number > 0 AND is_complete), "
                 "(SELECT count(*) FROM benchmark_case WHERE run_id = run.id AND role = 'contender'), "
                 "coalesce((SELECT value FROM machine_fact WHERE run_id = run.id ORDER BY position), '') "
                 "FROM run ORDER BY id");
  while (rows.step()) {
    RunSummary run;
    run.number = rows.integer(0);
    run.started_at = rows.text(1);
    run.state = rows.text(2);
    run.rounds = static_cast<int>(rows.integer(3));
    run.cases = static_cast<int>(rows.integer(4));
    run.machine = rows.text(5);
    run.workloads = texts(database, "SELECT name FROM workload WHERE run_id = ? ORDER BY id", run.number);
    run.dtypes =
        texts(database, "SELECT dtype FROM benchmark_case WHERE run_id = ? GROUP BY dtype ORDER BY min(id)",
              run.number);
    runs.push_back(std::move(run));
  }
  return runs;
}

}  // namespace

std::vector<RunSummary> list_runs(const std::filesystem::path& path) {
  ResultsFile::open_for_reading(path);  // says what is wrong with the file
  Database database(path, Database::Mode::read_only);
  if (file_version(database) == schema_version()) return read_runs(database);
  Database copy = Database::copy_in_memory(database);
  bring_up_to_date(copy);
  return read_runs(copy);
}

}  // namespace lstmbench
