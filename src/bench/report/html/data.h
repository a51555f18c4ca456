// What the page's script works on.
#pragma once

#include <nlohmann/json.hpp>

#include "report/model.h"

namespace lstmbench {

// Steps that the page shows in all; of a run with more, evenly spaced ones of each case.
constexpr std::size_t most_page_steps = 120'000;

// {"tables": [{"name", "rows": [...], "charts": {...}}], "baselines": [...], "case_charts": {...}, "ranks":
// [...]}
nlohmann::ordered_json page_data(const Report& report);
// As text that can stand in a <script> element.
std::string script_json(const nlohmann::ordered_json& value);

// "0-3": the row's place, as attributes and the script name it.
std::string row_id(std::size_t table, std::size_t row);

}  // namespace lstmbench
