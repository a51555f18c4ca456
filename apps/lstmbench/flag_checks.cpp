#include "flag_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "run/options.h"

namespace lstmbench {
namespace {

// The parser puts the flag's name before what the check returns, and the help the check's own name behind the
// flag: these have none.
template <typename Parse>
CLI::Validator can(const Parse& parse) {
  return CLI::Validator(
      [parse](std::string& text) {
        try {
          parse(text);
        } catch (const std::invalid_argument& error) {
          return std::string(error.what());
        }
        return std::string();
      },
      "");
}

}  // namespace

CLI::Validator one_of(const std::vector<std::string>& words, const std::vector<std::string>& aliases) {
  return can([words, aliases](const std::string& text) {
    for (const auto* list : {&words, &aliases})
      if (std::find(list->begin(), list->end(), text) != list->end()) return;
    std::string choice = words.front();
    for (std::size_t i = 1; i < words.size(); ++i)
      choice += (i + 1 == words.size() ? " or " : ", ") + words[i];
    throw std::invalid_argument(fmt::format("expected {}, got '{}'", choice, text));
  });
}

CLI::Validator is_duration() {
  return can([](const std::string& text) { parse_duration(text); });
}

CLI::Validator is_percent() {
  return can([](const std::string& text) { parse_percent(text); });
}

double parse_percent(const std::string& text) {
  std::size_t used = 0;
  double percent = -1;
  try {
    percent = std::stod(text, &used);
  } catch (const std::exception&) {
  }
  if (!(percent >= 0 && percent <= 100) || (text.substr(used) != "%" && used != text.size()))
    throw std::invalid_argument(fmt::format("'{}' is no percentage; expected 0 to 100, as in 2%", text));
  return percent / 100;
}

}  // namespace lstmbench
