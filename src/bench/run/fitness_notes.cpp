#include "run/fitness_notes.h"

#include <fmt/format.h>

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

}  // namespace lstmbench
