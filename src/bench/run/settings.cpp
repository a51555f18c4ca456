#include "run/settings.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "store/results_file.h"

namespace lstmbench {
namespace {

using nlohmann::json;

json number(const std::optional<int>& value) {
  return value ? json(*value) : json();
}

std::optional<int> optional_number(const json& object, const char* key) {
  return object.at(key).is_null() ? std::nullopt : std::optional(object.at(key).get<int>());
}

CheckMode check_mode(const std::string& text) {
  return text == "none" ? CheckMode::none : text == "full" ? CheckMode::full : CheckMode::slice;
}

const char* to_text(Controls controls) {
  return controls == Controls::none ? "none" : controls == Controls::every_case ? "every-case" : "baseline";
}

}  // namespace

std::string settings_text(const RunOptions& options, const std::vector<std::string>& case_arguments) {
  return json{{"workloads", options.workloads},
              {"implementations", options.implementations},
              {"dtypes", options.dtypes},
              {"threads", options.threads},
              {"device", options.device},
              {"no_peers", options.leaves_out_peers},
              {"rounds", number(options.rounds)},
              {"steps", number(options.steps)},
              {"warmup", number(options.warmup)},
              {"budget_s", options.budget_s},
              {"precision", options.precision},
              {"most_rounds", options.most_rounds},
              {"controls", to_text(options.controls)},
              {"time_limit_s", options.time_limit_s},
              {"check", to_string(options.check)},
              {"protocol", options.protocol == Protocol::seed ? "seed" : "rounds"},
              {"baseline", options.baseline},
              {"case_arguments", case_arguments}}
      .dump(-1, ' ', false, json::error_handler_t::replace);  // a path may be no UTF-8
}

Settings read_settings(const std::string& text) {
  try {
    const json stored = json::parse(text);
    Settings settings;
    RunOptions& options = settings.options;
    stored.at("workloads").get_to(options.workloads);
    stored.at("implementations").get_to(options.implementations);
    stored.at("dtypes").get_to(options.dtypes);
    stored.at("threads").get_to(options.threads);
    stored.at("device").get_to(options.device);
    stored.at("no_peers").get_to(options.leaves_out_peers);
    options.rounds = optional_number(stored, "rounds");
    options.steps = optional_number(stored, "steps");
    options.warmup = optional_number(stored, "warmup");
    stored.at("budget_s").get_to(options.budget_s);
    stored.at("precision").get_to(options.precision);
    stored.at("most_rounds").get_to(options.most_rounds);
    const auto controls = stored.at("controls").get<std::string>();
    options.controls = controls == "none"         ? Controls::none
                       : controls == "every-case" ? Controls::every_case
                                                  : Controls::baseline;
    stored.at("time_limit_s").get_to(options.time_limit_s);
    options.check = check_mode(stored.at("check").get<std::string>());
    options.protocol = stored.at("protocol") == "seed" ? Protocol::seed : Protocol::rounds;
    stored.at("baseline").get_to(options.baseline);
    stored.at("case_arguments").get_to(settings.case_arguments);
    return settings;
  } catch (const json::exception& error) {
    throw std::invalid_argument(fmt::format(
        "the run's settings cannot be read: {}: an older lstmbench wrote it, or the file is damaged",
        error.what()));
  }
}

}  // namespace lstmbench
