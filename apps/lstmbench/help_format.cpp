#include "help_format.h"

#include "report/text_width.h"

namespace lstmbench {
namespace {

constexpr int name_columns = 28;
constexpr int columns = 80;

std::string entry(const std::string& name, const std::string& text) {
  std::string result = "  " + pad_right(name, name_columns - 2);
  if (text_width(name) > name_columns - 4) result = "  " + name + "\n" + std::string(name_columns, ' ');
  bool is_first = true;
  for (const auto& line : wrapped(text, columns - name_columns)) {
    result += (is_first ? "" : std::string(name_columns, ' ')) + line + "\n";
    is_first = false;
  }
  return is_first ? result + "\n" : result;
}

}  // namespace

std::string HelpFormat::make_option(const CLI::Option* option, bool is_positional) const {
  std::string name = option->get_name(is_positional, !is_positional);
  const std::string type =
      option->get_type_name();  // "N:INT in [1 - 4096]": only what stands before the colon
  if (option->get_items_expected_max() > 0 && !type.empty()) name += " " + type.substr(0, type.find(':'));
  return entry(name, option->get_description());
}

std::string HelpFormat::make_subcommand(const CLI::App* command) const {
  return entry(command->get_name(), command->get_description());
}

}  // namespace lstmbench
