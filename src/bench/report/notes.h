// What a report says in sentences: warnings before any number, footnotes behind the tables.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/model.h"

namespace lstmbench {

// What must be said before any number: that the machine is UNFIT, that a control failed.
std::vector<std::string> warnings(const Report& report);

// Where there were too few rounds for any verdict, and how many these take.
std::vector<std::string> too_few_rounds(const Report& report);

// Without marks; the run's own notes last. incomplete: what to say of a round that was not finished.
std::vector<std::string> footnotes(const Report& report, const std::optional<std::string>& incomplete);

}  // namespace lstmbench
