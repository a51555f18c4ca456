#include "run/fitness_notes.h"

#include <fmt/format.h>

#include <algorithm>

namespace lstmbench {

std::vector<std::string> fitness_notes(const std::vector<std::string>& warnings, const std::string& when,
                                       Progress& progress) {
  std::vector<std::string> notes;
  for (const auto& warning : warnings) {
    progress.say("warning: " + warning);
    notes.push_back(fmt::format("{}: {}", when, warning));
  }
  return notes;
}

void add_crowding(std::vector<std::string>& warnings, const RunOptions& options, const SystemFiles& files) {
  if (options.device != "cpu") return;
  const auto crowding = crowding_warning(files, std::ranges::max(options.threads));
  if (crowding) warnings.push_back(*crowding);
}

}  // namespace lstmbench
