// A user's TOML file: whatever it says, it is read or refused in one line.
#include <cstdint>
#include <stdexcept>
#include <string_view>

#include "workload/toml.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto configuration =
        lstmbench::parse_configuration({reinterpret_cast<const char*>(data), size}, "lstmbench.toml");
    for (const auto& workload : configuration.workloads)
      if (!(workload.flops() > 0) || workload.parameters() <= 0) __builtin_trap();
  } catch (const std::invalid_argument&) {
  }
  return 0;
}
