// lstmbench: how fast does each LSTM implementation train on this machine, and is it computing the right
// thing?
#include <csignal>
#include <cstdio>

#include "command.h"
#include "help_format.h"
#include "process/interrupt.h"
#include "process/worker_session.h"
#include "report/escape.h"
#include "store/database.h"
#include "usage_error.h"

namespace lstmbench {
namespace {

void add_commands(CLI::App& app, Work& work) {
  app.formatter(std::make_shared<HelpFormat>());
  app.set_version_flag("--version", std::string("lstmbench ") + LSTMBENCH_VERSION);
  app.footer(
      "Examples:\n"
      "  lstmbench run                    measure the four workloads, about 10 minutes\n"
      "  lstmbench run --workload 1x320/CE-short --implementation 'native/*'\n"
      "  lstmbench check                  only the proof that all compute the same\n"
      "`lstmbench COMMAND --help` shows a command's options.");
  add_run_command(app, work);
  add_resume_command(app, work);
  add_compare_command(app, work);
  add_calibrate_command(app, work);
  add_runs_command(app, work);
  add_list_command(app, work);
  add_plan_command(app, work);
  add_check_command(app, work);
  add_report_command(app, work);
  add_export_command(app, work);
  add_import_command(app, work);
  add_doctor_command(app, work);
  add_peers_command(app, work);
  add_peak_command(app, work);
  add_help_command(app, work);
}

int complain(const std::string& message, int exit_code) {
  std::fprintf(stderr, "lstmbench: %s\n", escape_terminal(message).c_str());
  return exit_code;
}

int run_program(int argc, char** argv) {
  CLI::App app("How fast does each LSTM implementation train on this machine, and is it right?", "lstmbench");
  Work work;
  add_commands(app, work);
  try {
    accept_extras(app);
    app.parse(argc, argv);
    require_no_extras(app);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    return complain(in_one_line(error, app), exit_usage);
  } catch (const std::invalid_argument& error) {
    return complain(error.what(), exit_usage);
  }
  try {
    const int code = work();
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
      throw StorageError("cannot write to standard output");
    return code;
  } catch (const StorageError& error) {
    if (interrupting_signal() == SIGPIPE) return 128 + SIGPIPE;
    return complain(error.what(), exit_storage);
  } catch (const WorkerFailure& failure) {
    if (failure.status == Status::interrupted) return 128 + interrupting_signal();
    return complain(failure.what(), exit_not_ok);
  } catch (const std::invalid_argument& error) {
    return complain(error.what(), exit_usage);
  } catch (const std::exception& error) {
    return complain(error.what(), exit_not_ok);
  }
}

}  // namespace
}  // namespace lstmbench

int main(int argc, char** argv) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file-size limit is an error of the write, not the end of the program
  return lstmbench::run_program(argc, argv);
}
