#include "cpu/cores.h"

#include <fstream>

namespace lstm::cpu {

Cores::Cores(const cpu_set_t& cpus, const std::string& folder) {
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &cpus)) continue;
    int& core = core_[static_cast<std::size_t>(cpu)];
    // "0,4" or "0-1": the first is the same for all of a core.
    std::ifstream siblings(folder + "/cpu" + std::to_string(cpu) + "/topology/thread_siblings_list");
    if (!(siblings >> core) || core < 0) core = cpu;
  }
}

}  // namespace lstm::cpu
