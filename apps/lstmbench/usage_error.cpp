#include "usage_error.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "workload/nearest.h"

namespace lstmbench {

void accept_extras(CLI::App& app) {
  app.allow_extras();
  app.require_subcommand(0, 1);
  for (CLI::App* command : app.get_subcommands({})) command->allow_extras();
}

void require_no_extras(const CLI::App& app) {
  const auto given = app.get_subcommands();
  const CLI::App& scope = given.empty() ? app : *given.front();
  const std::vector<std::string> extras = app.remaining(true);
  const std::string where = given.empty() ? "lstmbench" : "lstmbench " + scope.get_name();
  if (extras.empty()) {
    if (given.empty()) throw std::invalid_argument("a command is missing (see lstmbench --help)");
    return;
  }
  std::string word = extras.front();
  const bool is_flag = word.rfind('-', 0) == 0;
  std::vector<std::string> known;
  if (is_flag) {
    word = word.substr(0, word.find('='));
    for (const CLI::Option* option : scope.get_options()) known.push_back(option->get_name());
  } else if (given.empty()) {
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
      known.push_back(command->get_name());
  }
  const char* what = is_flag ? "option" : given.empty() ? "command" : "argument";
  std::string hint = did_you_mean(word, known);
  if (hint.empty() && given.empty() && !is_flag) hint = fmt::format("; there are {}", fmt::join(known, ", "));
  throw std::invalid_argument(fmt::format("unknown {} '{}'{} (see {} --help)", what, word, hint, where));
}

}  // namespace lstmbench
