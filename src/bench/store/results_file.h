// The file that a run's results live in: one transaction a round, so that a crash at any instant loses at
// most the round in flight.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "store/database.h"
#include "store/records.h"

namespace lstmbench {

// All throw StorageError.
class ResultsFile {
 public:
  // Opens or creates the file and its folder, and proves by writing that there is room for results: after
  // this a measurement is not begun in vain.
  static ResultsFile open_for_writing(const std::filesystem::path& path);
  static ResultsFile open_for_reading(const std::filesystem::path& path);

  // Everything that is known before the first measurement; gives the ids of run and cases.
  std::int64_t begin_run(const RunRecord& run, const MachineFacts& machine,
                         const std::vector<LibraryRecord>& libraries);
  std::int64_t add_case(std::int64_t run_id, const CaseRecord& record);
  void remove_case(std::int64_t case_id);  // with all that was recorded of it
  void add_note(std::int64_t run_id, const std::string& note);
  void record_check(std::int64_t case_id, const CheckRecord& check);
  void set_status(std::int64_t case_id, Status status, const std::string& message);
  // All of a round or nothing. The first status that is neither OK nor INTERRUPTED becomes the case's.
  void record_round(std::int64_t run_id, const RoundRecord& round);
  void finish_run(std::int64_t run_id, RunState state, const std::string& finished_at);

  std::optional<std::int64_t> latest_run();
  StoredRun load_run(std::int64_t run_id);

 private:
  ResultsFile(const std::filesystem::path& path, Database::Mode mode) : database_(path, mode) {}

  Database database_;
};

std::string to_string(CheckMode mode);
std::string to_string(RunState state);
// Throws StorageError for any other text: the file is damaged.
Status status_from_text(const std::string& text);

}  // namespace lstmbench
