#include "process/run_delay.h"

#include <fmt/format.h>

#include <fstream>

namespace lstmbench {

std::int64_t run_delay_ns(int pid) {
  std::ifstream file(fmt::format("/proc/{}/schedstat", pid));  // ns on a CPU, ns waiting for one, times
  std::int64_t running = 0, waiting = 0;
  return file >> running >> waiting ? waiting : 0;
}

}  // namespace lstmbench
