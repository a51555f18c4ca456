#include "usage_error.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <regex>

#include "protocol/text.h"
#include "workload/nearest.h"

namespace lstmbench {
namespace {

// The parser's words, and ours for the same.
struct Wording {
  const char* pattern;
  const char* replacement;
};
constexpr std::array wordings{
    Wording{R"((--[\w-]+): 1 required (.*) missing)", "$1 needs a value: $2"},
    Wording{R"(Could not convert: (--[\w-]+) = (.*))", "$1: '$2' is no number"},
    Wording{R"((--[\w-]+): Value (.*) not in range (.*))", "$1: '$2' is no number from $3"},
    Wording{R"((--[\w-]+): (.*) not in \{(.*)\})", "$1: '$2' is none of $3"},
    Wording{R"((\w+) is required)", "the argument '$1' is missing"},
};

std::string command_of(const CLI::App& app) {
  const auto given = app.get_subcommands();
  return given.empty() ? "lstmbench" : "lstmbench " + given.front()->get_name();
}

}  // namespace

void accept_extras(CLI::App& app) {
  app.allow_extras();
  app.require_subcommand(0, 1);
  for (CLI::App* command : app.get_subcommands({})) command->allow_extras();
}

void require_no_extras(const CLI::App& app) {
  const auto given = app.get_subcommands();
  const CLI::App& scope = given.empty() ? app : *given.front();
  const std::vector<std::string> extras = app.remaining(true);
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
  throw std::invalid_argument(
      fmt::format("unknown {} '{}'{} (see {} --help)", what, word, hint, command_of(app)));
}

std::string in_one_line(const CLI::ParseError& error, const CLI::App& app) {
  std::string text = error.what();
  // std::regex calls itself for each character: a long value would be the end of the stack.
  constexpr std::size_t longest = 1000;
  if (text.size() > longest) text = printable(text, longest);
  for (const auto& [pattern, replacement] : wordings)
    if (const std::regex parsers(pattern); std::regex_match(text, parsers)) {
      text = std::regex_replace(text, parsers, replacement);
      break;
    }
  return fmt::format("{} (see {} --help)", text, command_of(app));
}

}  // namespace lstmbench
