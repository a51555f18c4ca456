#include "protocol/peak_memory.h"

#include <fstream>
#include <stdexcept>
#include <string>

namespace protocol {

// Not getrusage: its maximum survives exec and so may be that of the program that started this one.
std::int64_t peak_rss_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoll(line.substr(line.find(':') + 1)) * 1024;
  }
  throw std::runtime_error("/proc/self/status has no VmHWM");
}

}  // namespace protocol
