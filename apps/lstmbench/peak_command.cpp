// lstmbench peak: what this machine can do at most.
#include <fmt/format.h>

#include "command.h"
#include "environment.h"
#include "flag_checks.h"
#include "machine/cpus.h"
#include "machine/machine.h"
#include "process/interrupt.h"
#include "process/worker_session.h"

namespace lstmbench {
namespace {

void print(const char* name, const std::optional<double>& value, const char* unit) {
  if (value)
    std::printf("  %-22s %8.1f %s\n", name, *value, unit);
  else
    std::printf("  %-22s %8s\n", name, "none");
}

}  // namespace

void add_peak_command(CLI::App& app, Work& work) {
  CLI::App* command = app.add_subcommand("peak", "Measure this machine: multiply-adds, L2, memory");
  struct Flags {
    int threads = usable_cores(SystemFiles());
    double seconds = 0.5;
    std::string device = "cpu";
  };
  auto flags = std::make_shared<Flags>();
  command
      ->add_option("--threads", flags->threads, "threads that compute together [the cores that may be used]")
      ->type_name("N")
      ->check(CLI::Range(1, 4096));
  command->add_option("--seconds", flags->seconds, "how long each figure is sustained [0.5]")
      ->type_name("S")
      ->check(CLI::Range(0.05, 60.0));
  command
      ->add_option("--device", flags->device,
                   "cpu, or cuda: products of large matrices by cuBLAS on a GPU [cpu]")
      ->type_name("NAME")
      ->check(one_of({"cpu", "cuda"}));
  command->footer(
      "The multiply-add figures are what \"peak\" in a report is a percentage of.\n"
      "Examples:\n"
      "  lstmbench peak\n"
      "  lstmbench peak --threads 1 --seconds 2");
  command->callback([=, &work] {
    work = [=] {
      catch_interrupts();
      WorkerSession session(peak_worker(worker_places(), flags->device));
      const auto limit = std::chrono::seconds(60 + static_cast<int>(8 * flags->seconds));
      const PeakRates rates = session.peak(flags->threads, flags->seconds, false, limit);
      if (flags->device == "cuda") {
        print("fp32 product", rates.fp32_gflops, "GFLOP/s");
        print("tf32 product", rates.tf32_gflops, "GFLOP/s");
        print("bf16 product", rates.bf16_gflops, "GFLOP/s");
        print("fp16 product", rates.fp16_gflops, "GFLOP/s");
        return static_cast<int>(exit_ok);
      }
      std::printf("%s, %d thread%s\n", read_machine(SystemFiles())[0].second.c_str(), flags->threads,
                  flags->threads == 1 ? "" : "s");
      print("fp32 multiply-add", rates.fp32_gflops, "GFLOP/s");
      print("bf16 multiply-add", rates.bf16_gflops, "GFLOP/s");
      print("L2 cache, reading", rates.l2_gbytes, "GB/s");
      print("memory, reading", rates.memory_gbytes, "GB/s");
      return static_cast<int>(exit_ok);
    };
  });
}

}  // namespace lstmbench
