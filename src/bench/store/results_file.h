// The file that a run's results live in: one transaction a measurement, so that a crash at any instant loses
// at most the one in flight.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "store/database.h"
#include "store/records.h"
#include "store/run_lock.h"

namespace lstmbench {

// All throw StorageError.
class ResultsFile {
 public:
  // Of a database whose schema is of this version (bring_up_to_date()).
  explicit ResultsFile(Database database) : database_(std::move(database)) {}
  // Opens or creates the file and its folder, and proves by writing that there is room for results: after
  // this a measurement is not begun in vain.
  static ResultsFile open_for_writing(const std::filesystem::path& path, Patience patience = {});
  // Leaves the file as it is; one of an older version is brought up to date in memory.
  static ResultsFile open_for_reading(const std::filesystem::path& path);

  void set_patience(Patience patience) { database_.set_patience(std::move(patience)); }

  // The right to measure a run; nothing where another process has it.
  std::optional<RunLock> lock_run(std::int64_t run_id) const {
    return RunLock::take(database_.path(), run_id);
  }

  // What is called between this and its commit() is on the disk together, or not at all.
  Transaction begin_transaction() { return Transaction(database_); }

  // Everything that is known before the first measurement; gives the ids of run and cases. The run's first
  // sitting begins.
  std::int64_t begin_run(const RunRecord& run, const MachineFacts& machine,
                         const std::vector<LibraryRecord>& libraries);
  std::int64_t add_case(std::int64_t run_id, const CaseRecord& record);
  void remove_case(std::int64_t case_id);  // with all that was recorded of it
  void add_note(std::int64_t run_id, const std::string& note);
  void record_check(std::int64_t case_id, const CheckRecord& check);
  void set_status(std::int64_t case_id, Status status, const std::string& message);

  // A round as it happens: opened with the cases that it is to measure, in order; each measurement on the
  // disk when it is made, with the load of its time added to the round's; whole once it is closed.
  void open_round(std::int64_t run_id, int number, const std::vector<std::int64_t>& case_ids,
                  const LoadReading& load);
  // The first status that is neither OK nor INTERRUPTED becomes the case's.
  void record_case_round(std::int64_t run_id, int number, const CaseRound& round);
  // What a finished round shows of a measurement: that it cannot be right. Becomes the case's status.
  void fail_case_round(int number, std::int64_t case_id, Status status, const std::string& message);
  void record_peaks(std::int64_t run_id, int number, const std::vector<PeakReading>& peaks);
  void close_round(std::int64_t run_id, int number);
  // A round that is known as a whole: all of it or nothing.
  void record_round(std::int64_t run_id, const RoundRecord& round);

  // Another process goes on with a run: its state is running again, what was INTERRUPTED is as if it had not
  // begun. Gives the sitting's number.
  int begin_sitting(std::int64_t run_id, const std::string& started_at, const std::string& process);
  void set_settings(std::int64_t run_id, const std::string& settings);
  void finish_run(std::int64_t run_id, RunState state, const std::string& finished_at);

  std::optional<std::int64_t> latest_run();
  StoredRun load_run(std::int64_t run_id);

 private:
  Database database_;
};

std::string to_string(CheckMode mode);
std::string to_string(Role role);
std::string to_string(RunState state);
// Throws StorageError for any other text: the file is damaged.
Status status_from_text(const std::string& text);

}  // namespace lstmbench
