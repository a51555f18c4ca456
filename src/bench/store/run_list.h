// The runs of a results file at a glance, without what they measured.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace lstmbench {

struct RunSummary {
  std::int64_t number = 0;
  std::string started_at;  // ISO 8601, UTC
  std::string state;       // "finished", "interrupted", "running" (also after a crash: RunLock), "imported"
  int rounds = 0;          // those that are complete
  int cases = 0;
  std::vector<std::string> workloads, dtypes;
  std::string machine;
};

// In the order of their numbers. Throws StorageError.
std::vector<RunSummary> list_runs(const std::filesystem::path& path);

}  // namespace lstmbench
