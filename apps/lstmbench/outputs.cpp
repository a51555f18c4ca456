#include "outputs.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <random>

#include "chart_files.h"
#include "environment.h"
#include "report/csv.h"
#include "report/html.h"
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

// 128 random bits: a text that the report shows cannot know it.
std::string random_nonce() {
  std::random_device random;
  std::string nonce;
  for (int i = 0; i < 4; ++i) nonce += fmt::format("{:08x}", random());
  return nonce;
}

void require_writable_folder(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw StorageError(fmt::format("cannot make the folder '{}': {}", folder, error.message()));
  const std::string probe = (fs::path(folder) / ".lstmbench-can-write").string();
  if (!File(std::fopen(probe.c_str(), "w"))) fail(folder);
  fs::remove(probe, error);
}

}  // namespace

void add_output_flags(CLI::App& command, OutputFlags& flags) {
  command.add_option("--json", flags.json, "write everything as JSON (- for standard output)")
      ->type_name("FILE");
  command.add_option("--html", flags.html, "write the page with charts: one file, no network")
      ->type_name("FILE");
  command.add_option("--png", flags.png, "write each chart as an image into a folder")->type_name("DIR");
  command.add_option("--svg", flags.svg, "the same as vector graphics")->type_name("DIR");
  command.add_option("--markdown", flags.markdown, "write the tables as Markdown")->type_name("FILE");
  command.add_option("--csv", flags.csv, "write every step as a line of CSV")->type_name("FILE");
}

void require_writable(const OutputFlags& flags, const std::string& results) {
  if (!flags.html.empty()) chart_runtime();
  if (!flags.png.empty() || !flags.svg.empty()) require_chart_tools();
  for (const auto& folder : {flags.png, flags.svg})
    if (!folder.empty()) require_writable_folder(folder);
  for (const auto& path : {flags.json, flags.markdown, flags.csv, flags.html}) {
    if (path.empty() || path == "-") continue;
    std::error_code ignored;
    if (fs::equivalent(path, results, ignored))
      throw std::invalid_argument(
          fmt::format("'{}' is the results file, which a report would overwrite", path));
    const bool was_there = fs::exists(path, ignored);
    if (!File(std::fopen(path.c_str(), "a"))) fail(path);
    if (!was_there) fs::remove(path, ignored);
  }
}

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

void write_outputs(const Report& report, const OutputFlags& flags) {
  if (flags.json != "-" && flags.markdown != "-" && flags.csv != "-" && flags.html != "-")
    write_output("-", render_terminal(report, output_style()));
  if (!flags.json.empty()) write_output(flags.json, render_json(report));
  if (!flags.markdown.empty()) write_output(flags.markdown, render_markdown(report));
  if (!flags.html.empty()) write_output(flags.html, render_html(report, {chart_runtime(), random_nonce()}));
  if (!flags.png.empty()) write_chart_files(report, flags.png, "png");
  if (!flags.svg.empty()) write_chart_files(report, flags.svg, "svg");
  if (!flags.csv.empty()) write_output(flags.csv, render_csv(report));
}

}  // namespace lstmbench
