// lstmbench help: the same as --help, for those who type it first.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "command.h"
#include "workload/nearest.h"

namespace lstmbench {
namespace {

int print_help(const CLI::App& app, const std::vector<std::string>& words) {
  const CLI::App* command = &app;
  std::string name = app.get_name();
  for (const auto& word : words) {
    const CLI::App* next = nullptr;
    std::vector<std::string> known;
    for (const CLI::App* candidate : command->get_subcommands([](const CLI::App*) { return true; })) {
      known.push_back(candidate->get_name());
      if (candidate->get_name() == word) next = candidate;
    }
    if (!next)
      throw std::invalid_argument(
          fmt::format("unknown command '{}'{} (see {} --help)", word, did_you_mean(word, known), name));
    command = next;
    name += " " + word;
  }
  // Not App::help(): that of a program is that of the command which was given, which is this one.
  std::printf("%s", command->get_formatter()->make_help(command, name, CLI::AppFormatMode::Normal).c_str());
  return exit_ok;
}

}  // namespace

void add_help_command(CLI::App& app, Work& work) {
  CLI::App* command = app.add_subcommand("help", "Show this, or the help of a command");
  auto words = std::make_shared<std::vector<std::string>>();
  command->add_option("command", *words, "run, \"peers add\", ...")->type_name("COMMAND");
  command->footer("Examples:\n  lstmbench help run\n  lstmbench help peers add");
  command->callback([=, &app, &work] { work = [=, &app] { return print_help(app, *words); }; });
}

}  // namespace lstmbench
