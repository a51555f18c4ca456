// How --help looks: name and kind of value on the left, wrapped text on the right, within 80 columns.
#pragma once

#include <CLI/CLI.hpp>

namespace lstmbench {

class HelpFormat : public CLI::Formatter {
 public:
  std::string make_option(const CLI::Option* option, bool is_positional) const override;
  std::string make_subcommand(const CLI::App* command) const override;
};

}  // namespace lstmbench
