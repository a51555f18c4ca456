#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "command.h"
#include "environment.h"
#include "peers.h"
#include "peers/interpreters.h"
#include "process/worker_session.h"

namespace lstmbench {
namespace {

// Importing a large library from a cold disk takes its time.
constexpr std::chrono::minutes hello_limit{3};
constexpr const char* default_config = "lstmbench.toml";

// The worker of each version, or why there is none, in place of the one PyTorch that runs otherwise.
void take_versions(const std::vector<std::string>& versions, Workers& workers) {
  const auto environments = list_environments(workers.places.data / "environments");
  std::vector<std::string> installed;
  for (const auto& environment : environments) installed.push_back(environment.version);
  const auto pytorch = std::find_if(workers.commands.begin(), workers.commands.end(),
                                    [](const WorkerCommand& command) { return command.name == "pytorch"; });
  auto at = pytorch == workers.commands.end() ? pytorch : workers.commands.erase(pytorch);
  for (const auto& text : versions) {
    const std::string version = peer_version(text);
    const auto environment = find_environment(environments, version);
    if (environment) {
      at = std::next(workers.commands.insert(
          at, pytorch_worker(workers.places, environment->interpreter().string(), version)));
    } else {
      workers.missing.push_back(
          {{"pytorch", {}, {}, version},
           std::nullopt,
           fmt::format("torch {} is not installed; installed: {}; `lstmbench peers add torch=={}` "
                       "installs it",
                       version, installed.empty() ? "none" : fmt::format("{}", fmt::join(installed, ", ")),
                       version)});
    }
  }
  if (workers.missing.size() == versions.size())
    throw std::invalid_argument("--versions: " + workers.missing.front().problem);
}

}  // namespace

void add_worker_flags(CLI::App& command, WorkerFlags& flags) {
  command
      .add_option("--config", flags.config,
                  "TOML file of your workloads, variants, workers and defaults [lstmbench.toml]")
      ->type_name("FILE")
      ->envname("LSTMBENCH_CONFIG");
  command.add_option("--python", flags.python, "Python interpreter whose PyTorch is measured")
      ->type_name("PROGRAM")
      ->envname("LSTMBENCH_PYTHON");
  command
      .add_option("--versions", flags.versions,
                  "several PyTorch versions instead of the one: torch=1.12.1,2.0.1 (lstmbench peers)")
      ->type_name("VERSION,...")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->envname("LSTMBENCH_VERSIONS");
  command
      .add_flag("--no-peers", flags.leaves_out_peers,
                "only this project's engines; leave out PyTorch and oneDNN")
      ->envname("LSTMBENCH_NO_PEERS");
}

Configuration find_configuration(const std::string& config) {
  std::error_code error;
  if (!config.empty()) return read_configuration(config);
  if (std::filesystem::exists(default_config, error)) return read_configuration(default_config);
  return {};
}

std::vector<std::string> asked_versions(const WorkerFlags& flags, const Configuration& configuration) {
  const auto found = configuration.run_defaults.find("versions");
  if (!flags.versions.empty() || found == configuration.run_defaults.end()) return flags.versions;
  return CLI::detail::split(found->second.text, ',');
}

Workers find_workers(const WorkerFlags& flags) {
  Workers workers;
  workers.places = worker_places();
  if (!flags.python.empty()) workers.places.python = flags.python;
  workers.configuration = find_configuration(flags.config);
  for (const auto& command : known_workers(workers.places, workers.configuration))
    if (!flags.leaves_out_peers || command.name == "native") workers.commands.push_back(command);
  const auto versions = asked_versions(flags, workers.configuration);
  if (!versions.empty() && !flags.leaves_out_peers) take_versions(versions, workers);
  return workers;
}

void require_python(const WorkerFlags& flags) {
  if (flags.python.empty() || flags.leaves_out_peers || !is_no_python(flags.python)) return;
  throw std::invalid_argument(
      fmt::format("--python: '{}' is not a Python that can be started; name the interpreter that has the "
                  "PyTorch to measure, or leave PyTorch out with --no-peers",
                  flags.python));
}

Discovery discover(const Workers& workers) {
  Discovery discovery = discover(workers.commands, known_variants(workers.configuration), hello_limit);
  discovery.workers.insert(discovery.workers.end(), workers.missing.begin(), workers.missing.end());
  return discovery;
}

std::unique_ptr<Progress> make_progress() {
  if (!is_error_output_a_terminal()) return std::make_unique<PlainProgress>(stderr);
  const TerminalStyle style = output_style();
  return std::make_unique<TerminalProgress>(stderr, style.width, style.uses_color, style.uses_unicode);
}

}  // namespace lstmbench
