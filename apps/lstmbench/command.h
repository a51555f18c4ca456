// What every command of the program shares.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "peers/asked_version.h"
#include "run/discovery.h"
#include "run/progress.h"
#include "run/worker_registry.h"

namespace lstmbench {

enum ExitCode : int {
  exit_ok = 0,
  exit_not_ok = 1,  // a case did not end OK
  exit_usage = 2,
  exit_slower = 3,        // than what it is compared with
  exit_inconclusive = 4,  // or the machine is unfit
  exit_storage = 5,
};

// A command's work; returns the exit code. Set by the command that was given.
using Work = std::function<int()>;

void add_run_command(CLI::App& app, Work& work);
void add_resume_command(CLI::App& app, Work& work);
void add_compare_command(CLI::App& app, Work& work);
void add_calibrate_command(CLI::App& app, Work& work);
void add_runs_command(CLI::App& app, Work& work);
void add_help_command(CLI::App& app, Work& work);
void add_list_command(CLI::App& app, Work& work);
void add_plan_command(CLI::App& app, Work& work);
void add_check_command(CLI::App& app, Work& work);
void add_report_command(CLI::App& app, Work& work);
void add_import_command(CLI::App& app, Work& work);
void add_export_command(CLI::App& app, Work& work);
void add_doctor_command(CLI::App& app, Work& work);
void add_peers_command(CLI::App& app, Work& work);
void add_peak_command(CLI::App& app, Work& work);

// --config, --python, --versions.
struct WorkerFlags {
  std::string config;
  std::string python;
  std::vector<std::string> versions;  // "torch=1.0.0,1.4.0"; empty: those of the file
  bool leaves_out_peers = false;
};
void add_worker_flags(CLI::App& command, WorkerFlags& flags);

// The user's file: that of --config, else lstmbench.toml where there is one. Throws std::invalid_argument.
Configuration find_configuration(const std::string& config);
// --versions, else those of the file's [run] table. Throws std::invalid_argument.
std::vector<AskedVersion> asked_versions(const WorkerFlags& flags, const Configuration& configuration);

// The workers that a command has to do with, and what the user's file says.
struct Workers {
  WorkerPlaces places;
  Configuration configuration;
  std::vector<WorkerCommand> commands;
  std::vector<DiscoveredWorker> missing;  // versions that were asked for and are not installed
};
// Throws std::invalid_argument for a file that is wrong or, where it was named, missing, and where none of
// the versions asked for is installed.
Workers find_workers(const WorkerFlags& flags);
// For commands that cannot do what they were asked for without it. Throws std::invalid_argument where the
// interpreter of --python or LSTMBENCH_PYTHON cannot be started.
void require_python(const WorkerFlags& flags);
Discovery discover(const Workers& workers);

// For standard error: one rewritten line on a terminal, plain lines elsewhere.
std::unique_ptr<Progress> make_progress();

}  // namespace lstmbench
