#include <unistd.h>

#include <cstdio>

#include "command.h"
#include "environment.h"
#include "process/worker_session.h"

namespace lstmbench {
namespace {

// Importing a large library from a cold disk takes its time.
constexpr std::chrono::minutes hello_limit{3};
constexpr const char* default_config = "lstmbench.toml";

}  // namespace

void add_worker_flags(CLI::App& command, WorkerFlags& flags) {
  command
      .add_option("--config", flags.config,
                  "TOML file of your workloads, variants, workers and defaults [lstmbench.toml]")
      ->type_name("FILE")
      ->envname("LSTMBENCH_CONFIG");
  command.add_option("--python", flags.python, "interpreter that has the PyTorch to measure")
      ->type_name("PROGRAM")
      ->envname("LSTMBENCH_PYTHON");
  command.add_flag("--no-peers", flags.leaves_out_peers, "only the native library")
      ->envname("LSTMBENCH_NO_PEERS");
}

Workers find_workers(const WorkerFlags& flags) {
  Workers workers;
  workers.places = worker_places();
  if (!flags.python.empty()) workers.places.python = flags.python;
  std::error_code error;
  if (!flags.config.empty())
    workers.configuration = read_configuration(flags.config);
  else if (std::filesystem::exists(default_config, error))
    workers.configuration = read_configuration(default_config);
  for (const auto& command : known_workers(workers.places, workers.configuration))
    if (!flags.leaves_out_peers || command.name == "native") workers.commands.push_back(command);
  return workers;
}

Discovery discover(const Workers& workers) {
  return discover(workers.commands, known_variants(workers.configuration), hello_limit);
}

std::unique_ptr<Progress> make_progress() {
  if (!is_error_output_a_terminal()) return std::make_unique<PlainProgress>(stderr);
  const TerminalStyle style = output_style();
  return std::make_unique<TerminalProgress>(stderr, style.width, style.uses_color, style.uses_unicode);
}

}  // namespace lstmbench
