// lstmbench list: what there is to run.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "command.h"
#include "environment.h"
#include "process/interrupt.h"
#include "report/escape.h"
#include "report/model.h"
#include "report/numbers.h"
#include "report/text_width.h"
#include "run/selection.h"

namespace lstmbench {
namespace {

std::string as_json(const std::vector<Workload>& workloads, const Discovery& discovery) {
  using json = nlohmann::ordered_json;
  json document{{"workloads", json::array()}, {"implementations", json::array()}, {"workers", json::array()}};
  for (const auto& workload : workloads)
    document["workloads"].push_back({{"name", workload.name},
                                     {"source", workload.source},
                                     {"description", describe(workload)},
                                     {"parameters", workload.parameters()},
                                     {"flops", workload.flops()}});
  for (const auto& implementation : discovery.implementations)
    document["implementations"].push_back({{"name", implementation.name},
                                           {"version", implementation.version},
                                           {"description", implementation.info.description},
                                           {"dtypes", implementation.info.dtypes},
                                           {"devices", implementation.info.devices},
                                           {"notes", implementation.info.notes},
                                           {"unavailable", implementation.info.unavailable},
                                           {"worker", implementation.worker.name}});
  for (const auto& worker : discovery.workers)
    document["workers"].push_back({{"name", worker.command.name},
                                   {"command", worker.command.arguments},
                                   {"version", worker.hello ? json(worker.hello->version) : json()},
                                   {"problem", worker.problem}});
  return document.dump(1, ' ', false, json::error_handler_t::replace);
}

class Listing {
 public:
  explicit Listing(const TerminalStyle& style) : style_(style) {}

  void title(const std::string& text) { std::printf("%s\n", painted(style_, "1", text).c_str()); }

  // A name and what is to be said of it, which continues below itself.
  void entry(const std::string& name, int name_width, const std::string& text) {
    const int indent = 2 + name_width + 2;
    std::string first = "  " + pad_right(escape_terminal(name), name_width) + "  ";
    for (const auto& line : wrapped(escape_terminal(text), std::max(20, style_.width - indent))) {
      std::printf("%s%s\n", first.c_str(), line.c_str());
      first.assign(static_cast<std::size_t>(indent), ' ');
    }
  }

 private:
  TerminalStyle style_;
};

void print(const std::vector<Workload>& workloads, const Discovery& discovery) {
  Listing listing(output_style());
  int width = 0;
  for (const auto& workload : workloads) width = std::max(width, text_width(workload.name));
  listing.title("workloads");
  for (const auto& workload : workloads) {
    std::string text = fmt::format("{}; {} a step", describe(workload), format_work(workload.flops()));
    if (workload.source != "built in") text += fmt::format(" ({})", workload.source);
    listing.entry(workload.name, width, text);
  }
  listing.title("\nimplementations");
  width = 0;
  for (const auto& implementation : discovery.implementations)
    width = std::max(width, text_width(implementation.name));
  for (const auto& implementation : discovery.implementations) {
    const ImplementationInfo& info = implementation.info;
    std::string text = fmt::format("{} [{}]", info.description, fmt::join(info.dtypes, " "));
    if (!info.unavailable.empty()) text += fmt::format(" - UNSUPPORTED here: {}", info.unavailable);
    listing.entry(implementation.name, width, text);
    for (const auto& [dtype, note] : info.notes) listing.entry("", width, fmt::format("{}: {}", dtype, note));
  }
  listing.title("\nworkers");
  width = 0;
  for (const auto& worker : discovery.workers) width = std::max(width, text_width(worker.command.name));
  for (const auto& worker : discovery.workers)
    listing.entry(worker.command.name, width,
                  worker.hello ? fmt::format("{} {}", worker.hello->library, worker.hello->version)
                               : fmt::format("not available: {}", worker.problem));
}

}  // namespace

void add_list_command(CLI::App& app, Work& work) {
  CLI::App* command = app.add_subcommand("list", "Show workloads, implementations and workers");
  auto flags = std::make_shared<WorkerFlags>();
  auto is_json = std::make_shared<bool>(false);
  add_worker_flags(*command, *flags);
  command->add_flag("--json", *is_json, "for programs");
  command->footer(
      "Examples:\n"
      "  lstmbench list\n"
      "  lstmbench list --versions torch=1.12.1,2.0.1,jax=0.9.0 --json");
  command->callback([=, &work] {
    work = [=] {
      require_python(*flags);
      const Workers workers = find_workers(*flags);
      catch_interrupts();
      const Discovery discovery = discover(workers);
      const auto workloads = known_workloads(workers.configuration);
      if (*is_json)
        std::printf("%s\n", as_json(workloads, discovery).c_str());
      else
        print(workloads, discovery);
      return static_cast<int>(exit_ok);
    };
  });
}

}  // namespace lstmbench
