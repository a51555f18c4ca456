// lstmbench doctor: what is installed, and is the machine fit?
#include <fmt/format.h>

#include <algorithm>

#include "command.h"
#include "environment.h"
#include "machine/machine.h"
#include "process/interrupt.h"
#include "report/escape.h"
#include "report/text_width.h"

namespace lstmbench {
namespace {

class Findings {
 public:
  Findings() : style_(output_style()) {}

  void title(const char* text) { std::printf("%s\n", painted(style_, "1", text).c_str()); }
  void good(const std::string& text) { show(style_.uses_unicode ? "✓" : "+", "32", text); }
  void bad(const std::string& text) { show(style_.uses_unicode ? "✗" : "-", "31", text); }
  void caution(const std::string& text) { show("!", "33", text); }
  // What to do about the finding before.
  void hint(const std::string& text) { show(style_.uses_unicode ? "→" : ">", "0", text); }
  void fact(const std::string& name, const std::string& value) {
    std::string first = "  " + pad_right(name, 28);
    for (const auto& line : wrapped(escape_terminal(value), style_.width - 30)) {
      std::printf("%s%s\n", first.c_str(), line.c_str());
      first.assign(30, ' ');
    }
  }

 private:
  void show(const char* mark, const char* color, const std::string& text) {
    std::string first = fmt::format("  {} ", painted(style_, color, mark));
    for (const auto& line : wrapped(escape_terminal(text), style_.width - 4)) {
      std::printf("%s%s\n", first.c_str(), line.c_str());
      first = "    ";
    }
  }

  TerminalStyle style_;
};

// Why none of a worker's implementations can run here; empty where one can.
std::string unavailable_reason(const Hello& hello) {
  std::string reason;
  for (const auto& implementation : hello.implementations) {
    if (implementation.unavailable.empty()) return "";
    reason = implementation.unavailable;
  }
  return reason;
}

// What to do about a worker that does not answer.
std::string remedy(const WorkerCommand& worker, const Configuration& configuration) {
  if (!worker.version.empty()) return "`lstmbench peers list` shows the versions that are installed";
  if (worker.name == "pytorch")
    return "--python PROGRAM or LSTMBENCH_PYTHON names an interpreter that has PyTorch, `./run setup` "
           "installs "
           "one, --no-peers leaves it out";
  if (worker.name == "native" || worker.name == "onednn" || worker.name == "cuda" || worker.name == "cudnn")
    return "its program belongs beside lstmbench; build it again, as `./run bench` does";
  const bool is_of_file =
      std::any_of(configuration.workers.begin(), configuration.workers.end(),
                  [&](const WorkerDefinition& definition) { return definition.name == worker.name; });
  if (const PeerLibrary* library = library_of_worker(worker.name); library && !is_of_file)
    return fmt::format("`lstmbench peers remove {0}` and `lstmbench peers add {0}` install it anew",
                       library->name);
  return "see its command in the [[worker]] table of the configuration file";
}

int diagnose(const WorkerFlags& flags) {
  const Workers workers = find_workers(flags);
  catch_interrupts();
  const Discovery discovery = discover(workers);
  Findings findings;
  findings.title("machine");
  for (const auto& [name, value] : read_machine(SystemFiles())) findings.fact(name, value);
  findings.title("\nlibraries");
  bool has_native = false;
  for (const auto& worker : discovery.workers) {
    if (!worker.hello) {
      findings.bad(fmt::format("{}: {}", worker.command.label(), worker.problem));
      findings.hint(remedy(worker.command, workers.configuration));
      continue;
    }
    has_native |= worker.command.name == "native";
    std::string build;
    for (const auto& [name, value] : worker.hello->build) build += fmt::format(", {} {}", name, value);
    const std::string reason = unavailable_reason(*worker.hello);
    const std::string text = fmt::format("{} {}{}", worker.command.name, worker.hello->version, build);
    if (reason.empty())
      findings.good(text);
    else
      findings.caution(fmt::format("{}: UNSUPPORTED here: {}", text, reason));
  }
  findings.title("\nfitness");
  const auto warnings = fitness_warnings(SystemFiles());
  for (const auto& warning : warnings) findings.caution(warning);
  if (warnings.empty()) findings.good("nothing speaks against measuring on this machine now");
  return has_native ? exit_ok : exit_not_ok;
}

}  // namespace

void add_doctor_command(CLI::App& app, Work& work) {
  CLI::App* command = app.add_subcommand("doctor", "Show what is installed and whether the machine is fit");
  auto flags = std::make_shared<WorkerFlags>();
  add_worker_flags(*command, *flags);
  command->footer(
      "Libraries: each worker is started and asked what it is. Fitness: what disturbs\n"
      "measurements on this machine now, such as load and changing clock rates.\n"
      "Exit status: 0 the native worker answers, without which nothing can be measured\n"
      "(other libraries may be missing, and fitness only warns); 1 it does not.\n"
      "Examples:\n"
      "  lstmbench doctor\n"
      "  lstmbench doctor --python ~/torch/bin/python");
  command->callback([=, &work] { work = [=] { return diagnose(*flags); }; });
}

}  // namespace lstmbench
