#include "chart_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "environment.h"
#include "process/file_descriptor.h"
#include "process/start.h"
#include "report/charts.h"
#include "run/problems.h"
#include "store/database.h"

namespace lstmbench {
namespace {

namespace fs = std::filesystem;

fs::path environment_folder() {
  return worker_places().data / "environments" / "report";
}

fs::path python_program() {
  return environment_folder() / "bin" / "python";
}

[[noreturn]] void fail_without_environment(const fs::path& missing) {
  throw std::runtime_error(fmt::format(
      "charts need '{}', which is not there; `./run setup` installs it (vl-convert-python, from PyPI)",
      missing.string()));
}

std::string file_name(const ReportTable& table, const std::string& kind, const std::string& format) {
  std::string name =
      fmt::format("{}-{}-{}-{}t-{}", table.workload.name, table.dtype, table.device, table.threads, kind);
  for (char& character : name)
    if (std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
            .find(character) == std::string_view::npos)
      character = '-';
  return name.substr(0, 120) + "." + format;
}

// Waits for its end. Throws std::runtime_error with the last line that it wrote where it fails.
void run_program(const std::vector<std::string>& arguments, const fs::path& log) {
  const FileDescriptor output(open(log.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (!output) throw StorageError(fmt::format("cannot write '{}': {}", log.string(), std::strerror(errno)));
  const pid_t pid = start({arguments, {}, output.get(), output.get(), output.get()});
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  std::ifstream file(log);
  std::string line, last = "it ended without a word";
  while (std::getline(file, line))
    if (!line.empty()) last = line;
  throw std::runtime_error(fmt::format("the charts could not be drawn: {}", last));
}

}  // namespace

std::string chart_runtime() {
  const fs::path path = environment_folder() / "vega.js";
  std::ifstream file(path, std::ios::binary);
  if (!file) fail_without_environment(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void require_chart_tools() {
  std::error_code error;
  if (!fs::exists(python_program(), error)) fail_without_environment(python_program());
}

void write_chart_files(const Report& report, const std::string& folder, const std::string& format) {
  require_chart_tools();
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw StorageError(fmt::format("cannot make the folder '{}': {}", folder, error.message()));
  nlohmann::ordered_json jobs = nlohmann::ordered_json::array();
  for (const auto& table : report.tables)
    for (const auto& chart : charts_of(report, table, ChartTheme::paper))
      jobs.push_back({{"file", (fs::path(folder) / file_name(table, chart.kind, format)).string()},
                      {"spec", chart.spec}});
  const TemporaryDirectory temporary;  // that the specifications are handed over in
  const fs::path list = temporary.path() / "charts.json";
  std::ofstream(list) << jobs.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  const fs::path script = worker_places().source / "apps" / "lstmbench" / "draw_charts.py";
  run_program({python_program().string(), script.string(), format, list.string()}, temporary.path() / "log");
}

}  // namespace lstmbench
