#include "machine/machine.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <boost/version.hpp>
#include <sstream>

#include "machine/control_groups.h"
#include "machine/cpus.h"

namespace lstmbench {
namespace {

constexpr const char* governor_file = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor";
constexpr const char* huge_page_file = "/sys/kernel/mm/transparent_hugepage/enabled";

struct InstructionSet {
  const char* flag;  // in /proc/cpuinfo
  const char* name;
};
constexpr std::array instruction_sets{
    InstructionSet{"avx2", "AVX2"},
    InstructionSet{"fma", "FMA"},
    InstructionSet{"avx512f", "AVX-512"},
    InstructionSet{"avx512_bf16", "AVX512-BF16"},
    InstructionSet{"avx512_fp16", "AVX512-FP16"},
    InstructionSet{"amx_bf16", "AMX-BF16"},
    InstructionSet{"amx_int8", "AMX-INT8"},
};

std::string present_instruction_sets(const std::string& flags) {
  std::string result;
  for (const auto& set : instruction_sets) {
    if ((" " + flags + " ").find(fmt::format(" {} ", set.flag)) == std::string::npos) continue;
    result += (result.empty() ? "" : ", ") + std::string(set.name);
  }
  return result.empty() ? "none known to matter" : result;
}

std::optional<std::int64_t> meminfo_bytes(const SystemFiles& files, const std::string& name) {
  const auto fields = files.fields("/proc/meminfo");
  const auto field = fields.find(name);
  if (field == fields.end()) return std::nullopt;
  return std::strtoll(field->second.c_str(), nullptr, 10) * 1024;
}

std::optional<std::int64_t> container_memory(const SystemFiles& files) {
  std::optional<std::int64_t> tightest;
  for (const auto& group : control_groups(files, "memory"))
    for (const char* file : {"/memory.max", "/memory.limit_in_bytes"}) {
      const auto limit = files.integer(group + file);
      if (limit && *limit < tightest.value_or(1LL << 50)) tightest = limit;
    }
  return tightest;
}

// A supply that says "Discharging": a laptop away from its mains, whose clocks are held down.
bool on_battery(const SystemFiles& files) {
  for (const char* supply : {"BAT0", "BAT1", "BAT2", "CMB0", "battery"})
    if (files.text(fmt::format("/sys/class/power_supply/{}/status", supply)) == "Discharging") return true;
  return false;
}

// How often the CPUs were slowed for heat or power, and the container stopped at its limit, since each began.
std::int64_t throttle_events(const SystemFiles& files) {
  std::int64_t events = 0;
  for (int cpu = 0;; ++cpu) {
    const std::string folder = fmt::format("/sys/devices/system/cpu/cpu{}", cpu);
    if (!files.is_directory(folder)) break;
    for (const char* counter : {"core_throttle_count", "package_throttle_count"})
      events += files.integer(fmt::format("{}/thermal_throttle/{}", folder, counter)).value_or(0);
  }
  for (const auto& group : control_groups(files, "cpu")) {
    std::istringstream lines(files.text(group + "/cpu.stat").value_or(""));
    std::string name;
    for (std::int64_t value = 0; lines >> name >> value;)
      if (name == "nr_throttled") events += value;
  }
  return events;
}

std::string compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#else
  return "g++ " __VERSION__;
#endif
}

// The choice in brackets: "always [madvise] never".
std::string chosen(const std::string& text) {
  const auto begin = text.find('['), end = text.find(']');
  return begin == std::string::npos || end < begin ? text : text.substr(begin + 1, end - begin - 1);
}

}  // namespace

std::string format_bytes(std::int64_t bytes) {
  constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; std::abs(value) >= 1024 && unit + 1 < units.size(); ++unit) value /= 1024;
  return unit == 0 ? fmt::format("{} B", bytes)
                   : fmt::format("{:.{}f} {}", value, value < 100 ? 1 : 0, units[unit]);
}

MachineFacts read_machine(const SystemFiles& files) {
  MachineFacts facts;
  const auto cpu = files.fields("/proc/cpuinfo");
  const auto field = [&](const char* name) {
    const auto found = cpu.find(name);
    return found == cpu.end() ? std::string("unknown") : found->second;
  };
  const auto container = container_cpus(files);
  utsname kernel{};
  uname(&kernel);

  facts.emplace_back("CPU", field("model name"));
  facts.emplace_back("CPU family, model, stepping",
                     fmt::format("{}, {}, {}", field("cpu family"), field("model"), field("stepping")));
  facts.emplace_back("microcode", field("microcode"));
  facts.emplace_back("usable CPUs", fmt::format("{}", usable_cpus(files)));
  if (const int cores = usable_cores(files); cores < usable_cpus(files))
    facts.emplace_back("usable cores", fmt::format("{}", cores));
  facts.emplace_back("container CPU limit", container ? fmt::format("{:.2f}", *container) : "none");
  facts.emplace_back("SMT",
                     files.text("/sys/devices/system/cpu/smt/active").value_or("") == "1" ? "on" : "off");
  facts.emplace_back("instruction sets", present_instruction_sets(field("flags")));
  facts.emplace_back("L2 cache",
                     files.text("/sys/devices/system/cpu/cpu0/cache/index2/size").value_or("unknown"));
  facts.emplace_back("hypervisor", field("flags").find("hypervisor") == std::string::npos ? "no" : "yes");
  facts.emplace_back("frequency governor", files.text(governor_file).value_or("not visible"));
  const auto memory = meminfo_bytes(files, "MemTotal");
  facts.emplace_back("memory", memory ? format_bytes(*memory) : "unknown");
  const auto memory_limit = container_memory(files);
  facts.emplace_back("container memory limit", memory_limit ? format_bytes(*memory_limit) : "none");
  facts.emplace_back("transparent huge pages", chosen(files.text(huge_page_file).value_or("unknown")));
  facts.emplace_back("NUMA nodes", files.text("/sys/devices/system/node/online").value_or("not visible"));
  facts.emplace_back("power", on_battery(files) ? "battery" : "mains, or not visible");
  facts.emplace_back("kernel", fmt::format("{} {}", kernel.sysname, kernel.release));
  facts.emplace_back("harness compiler", compiler());
  facts.emplace_back("harness libraries",
                     fmt::format("SQLite {}, Boost {}.{}.{}, fmt {}.{}.{}", sqlite3_libversion(),
                                 BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100,
                                 FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100));
  const auto available = meminfo_bytes(files, "MemAvailable");
  facts.emplace_back("memory available", available ? format_bytes(*available) : "unknown");
  facts.emplace_back("load average", fmt::format("{:.2f}", read_load(files).load_average));
  return facts;
}

LoadReading read_load(const SystemFiles& files) {
  LoadReading reading;
  std::istringstream(files.text("/proc/loadavg").value_or("0")) >> reading.load_average;
  std::istringstream stat(files.text("/proc/stat").value_or(""));
  std::string name;
  stat >> name;
  constexpr int steal_field = 7;  // user nice system idle iowait irq softirq steal; guest time is in user
  for (int i = 0; i <= steal_field; ++i) {
    std::int64_t ticks = 0;
    if (!(stat >> ticks)) break;
    reading.total_ticks += ticks;
    if (i == steal_field) reading.steal_ticks = ticks;
  }
  reading.throttle_events = throttle_events(files);
  return reading;
}

std::optional<double> steal_percent(const LoadReading& before, const LoadReading& after) {
  const auto total = after.total_ticks - before.total_ticks;
  if (total <= 0) return std::nullopt;
  return 100.0 * static_cast<double>(std::max<std::int64_t>(0, after.steal_ticks - before.steal_ticks)) /
         static_cast<double>(total);
}

std::vector<std::string> fitness_warnings(const SystemFiles& files) {
  std::vector<std::string> warnings;
  const int cpus = usable_cpus(files);
  const double load = read_load(files).load_average;
  if (load > 0.25 * cpus)
    warnings.push_back(fmt::format(
        "load average {:.2f} on {} usable CPU{}: other programs are running; wait for them or end them", load,
        cpus, cpus == 1 ? "" : "s"));
  if (on_battery(files))
    warnings.push_back("the machine runs on its battery, which holds the clocks down: plug it in");
  const auto governor = files.text(governor_file);
  if (governor && *governor != "performance")
    warnings.push_back(fmt::format(
        "the frequency governor is '{}': clocks change while measuring; set it to 'performance' (cpupower "
        "frequency-set -g performance)",
        *governor));
  if (cpus == 1)
    warnings.push_back("only 1 usable CPU: the harness and the kernel share it with what is measured");
  const auto container = container_cpus(files);
  if (container && *container < affinity_cpus())
    warnings.push_back(fmt::format(
        "a container limit of {:.2f} CPUs throttles programs that use more: --threads is {} by default",
        *container, usable_cores(files)));
  const auto huge_pages = files.text(huge_page_file);
  if (huge_pages && chosen(*huge_pages) == "never")
    warnings.push_back(
        "transparent huge pages are off: large workspaces miss the TLB more often (echo madvise > "
        "/sys/kernel/mm/transparent_hugepage/enabled)");
  const auto available = meminfo_bytes(files, "MemAvailable");
  if (available && *available < (8LL << 30))
    warnings.push_back(
        fmt::format("{} of memory available: the 4x320 workloads need up to 8 GiB in some libraries",
                    format_bytes(*available)));
  return warnings;
}

std::optional<std::string> crowding_warning(const SystemFiles& files, int threads) {
  const int cores = usable_cores(files), cpus = usable_cpus(files);
  if (threads <= cores) return std::nullopt;
  if (threads > cpus)
    return fmt::format("{} threads on {} usable CPU{}: they wait for each other", threads, cpus,
                       cpus == 1 ? "" : "s");
  return fmt::format("{} threads on {} usable core{}: two share one (SMT); the default is one for each core",
                     threads, cores, cores == 1 ? "" : "s");
}

}  // namespace lstmbench
