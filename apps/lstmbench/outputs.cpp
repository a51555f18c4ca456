#include "outputs.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

#include "environment.h"
#include "report/csv.h"
#include "report/json.h"
#include "report/markdown.h"
#include "report/terminal.h"
#include "store/database.h"

namespace lstmbench {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& path) {
  throw StorageError(fmt::format("cannot write '{}': {}", path, std::strerror(errno)));
}

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Close>;

}  // namespace

void write_output(const std::string& path, const std::string& text) {
  std::FILE* file = stdout;
  File owned;
  if (path != "-") {
    owned.reset(std::fopen(path.c_str(), "w"));
    if (!owned) fail(path);
    file = owned.get();
  }
  if (std::fwrite(text.data(), 1, text.size(), file) != text.size() || std::fflush(file) != 0) fail(path);
}

void add_output_flags(CLI::App& command, OutputFlags& flags) {
  command.add_option("--json", flags.json, "write everything as JSON (- for standard output)")
      ->type_name("FILE");
  command.add_option("--markdown", flags.markdown, "write the tables as Markdown")->type_name("FILE");
  command.add_option("--csv", flags.csv, "write every step as a line of CSV")->type_name("FILE");
}

void require_writable(const OutputFlags& flags) {
  for (const auto& path : {flags.json, flags.markdown, flags.csv}) {
    if (path.empty() || path == "-") continue;
    std::error_code ignored;
    const bool was_there = fs::exists(path, ignored);
    if (!File(std::fopen(path.c_str(), "a"))) fail(path);
    if (!was_there) fs::remove(path, ignored);
  }
}

void write_outputs(const Report& report, const OutputFlags& flags) {
  if (flags.json != "-" && flags.markdown != "-" && flags.csv != "-")
    write_output("-", render_terminal(report, output_style()));
  if (!flags.json.empty()) write_output(flags.json, render_json(report));
  if (!flags.markdown.empty()) write_output(flags.markdown, render_markdown(report));
  if (!flags.csv.empty()) write_output(flags.csv, render_csv(report));
}

}  // namespace lstmbench
