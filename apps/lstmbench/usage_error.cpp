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
    Wording{R"(Could not convert: (--[\w-]+) = (.*))", "$1: expected a number, got '$2'"},
    Wording{R"((--[\w-]+): Value (.*) not in range (.*))", "$1: expected a number from $3, got '$2'"},
    Wording{R"((\w+) is required)", "the argument '$1' is missing"},
};

// The command that was given: of `lstmbench peers add` the second.
const CLI::App& innermost(const CLI::App& app) {
  const auto given = app.get_subcommands();
  return given.empty() ? app : innermost(*given.front());
}

std::string command_of(const CLI::App& app) {
  const auto given = app.get_subcommands();
  return app.get_name() + (given.empty() ? "" : " " + command_of(*given.front()));
}

std::vector<std::string> options_of(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) names.push_back(option->get_name());
  return names;
}

std::vector<std::string> commands_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  return names;
}

// The nearest option of the command; else the nearest of all, with the commands that have it.
std::string hint_for_option(const std::string& word, const CLI::App& app) {
  if (const std::string hint = did_you_mean(word, options_of(innermost(app))); !hint.empty()) return hint;
  std::vector<std::string> all, commands;
  const auto others = app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* command : others)
    for (const auto& name : options_of(*command)) all.push_back(name);
  const std::string best = nearest(word, all);
  if (best.empty()) return "";
  for (const CLI::App* command : others)
    if (command->get_option_no_throw(best)) commands.push_back(command->get_name());
  return fmt::format("; '{}' is an option of {}", best, fmt::join(commands, ", "));
}

}  // namespace

void accept_extras(CLI::App& app) {
  app.allow_extras();
  app.require_subcommand(0, 1);
  for (CLI::App* command : app.get_subcommands({})) accept_extras(*command);
}

void require_no_extras(const CLI::App& app) {
  const bool has_command = !app.get_subcommands().empty();
  const std::vector<std::string> extras = app.remaining(true);
  if (extras.empty()) {
    if (!has_command) throw std::invalid_argument("a command is missing (see lstmbench --help)");
    return;
  }
  const CLI::App& command = innermost(app);
  const std::vector<std::string> commands = commands_of(command);
  std::string word = extras.front(), what = commands.empty() ? "argument" : "command", hint;
  if (word.starts_with('-')) {
    what = "option";
    word = word.substr(0, word.find('='));
    if (has_command && !app.remaining().empty() && command.get_option_no_throw(word))
      throw std::invalid_argument(
          fmt::format("the option '{}' belongs behind the command: {} {} ...", word, command_of(app), word));
    hint = hint_for_option(word, app);
  } else {
    hint = did_you_mean(word, commands);
    if (hint.empty() && !commands.empty()) hint = fmt::format("; there are {}", fmt::join(commands, ", "));
  }
  throw std::invalid_argument(
      fmt::format("unknown {} '{}'{} (see {} --help)", what, word, hint, command_of(app)));
}

std::string in_plain_words(const CLI::ParseError& error) {
  std::string text = error.what();
  // std::regex calls itself for each character: a long value would be the end of the stack.
  constexpr std::size_t longest = 1000;
  if (text.size() > longest) text = printable(text, longest);
  for (const auto& [pattern, replacement] : wordings)
    if (const std::regex parsers(pattern); std::regex_match(text, parsers))
      return std::regex_replace(text, parsers, replacement);
  return text;
}

std::string in_one_line(const CLI::ParseError& error, const CLI::App& app) {
  return fmt::format("{} (see {} --help)", in_plain_words(error), command_of(app));
}

}  // namespace lstmbench
