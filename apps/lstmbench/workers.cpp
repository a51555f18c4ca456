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

using Environments = std::vector<PeerEnvironment>;

DiscoveredWorker missing_worker(const AskedVersion& asked, const Environments& environments) {
  const auto& [library, version] = asked;
  std::vector<std::string> installed;
  for (const auto& environment : environments)
    if (environment.library == library && !environment.version.empty())
      installed.push_back(environment.version);
  return {{library->worker, {}, {}, version},
          std::nullopt,
          fmt::format("{} is not installed; installed: {}; `lstmbench peers add {}` installs it",
                      label(*library, version),
                      installed.empty() ? "none" : fmt::format("{}", fmt::join(installed, ", ")),
                      pin(*library, version))};
}

// The worker of each version, or why there is none, in place of the one that the library has otherwise.
void take_versions(const std::vector<AskedVersion>& versions, Workers& workers) {
  const auto environments = list_environments(workers.places.data / "environments");
  std::vector<WorkerCommand>& commands = workers.commands;
  for (const auto& library : peer_libraries()) {
    const auto is_asked_for = [&](const AskedVersion& asked) { return asked.library == &library; };
    if (std::none_of(versions.begin(), versions.end(), is_asked_for)) continue;
    const auto otherwise = std::find_if(commands.begin(), commands.end(), [&](const WorkerCommand& command) {
      return command.name == library.worker;
    });
    auto at = otherwise == commands.end() ? otherwise : commands.erase(otherwise);
    for (const auto& asked : versions) {
      if (!is_asked_for(asked)) continue;
      if (const auto environment = find_environment(environments, library, asked.version))
        at = std::next(commands.insert(
            at, library_worker(workers.places, library, environment->interpreter().string(), asked.version)));
      else
        workers.missing.push_back(missing_worker(asked, environments));
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
                  "several versions of a library instead of its one: torch=1.12.1,2.0.1,jax=0.9.0 "
                  "(lstmbench peers)")
      ->type_name("VERSION,...")
      ->allow_extra_args(false)
      ->envname("LSTMBENCH_VERSIONS");
  command
      .add_flag("--no-peers", flags.leaves_out_peers,
                "only this project's engines; leave out all other libraries")
      ->envname("LSTMBENCH_NO_PEERS");
}

Configuration find_configuration(const std::string& config) {
  std::error_code error;
  if (!config.empty()) return read_configuration(config);
  if (std::filesystem::exists(default_config, error)) return read_configuration(default_config);
  return {};
}

std::vector<AskedVersion> asked_versions(const WorkerFlags& flags, const Configuration& configuration) {
  const auto found = configuration.run_defaults.find("versions");
  const bool is_of_file = flags.versions.empty() && found != configuration.run_defaults.end();
  try {
    return parse_asked_versions(is_of_file ? std::vector{found->second.text} : flags.versions);
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(
        fmt::format("{}: {}", is_of_file ? found->second.place + ": versions" : "--versions", error.what()));
  }
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
