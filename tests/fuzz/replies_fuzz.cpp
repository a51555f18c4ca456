// A worker's reply: the first byte chooses to what, the rest is the line. Only WorkerFailure may come of it.
#include <cstdint>
#include <string_view>

#include "protocol/replies.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view line(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    switch (data[0] % 7) {
      case 0:
        lstmbench::decode_hello(line, 1);
        break;
      case 1:
        lstmbench::decode_prepared(line, 1);
        break;
      case 2:
        lstmbench::decode_checked(line, 1);
        break;
      case 3:
        for (const auto& step : lstmbench::decode_steps(line, 1, 2))
          if (step.total_ns() < step.headline_ns() || step.headline_ns() < 0) __builtin_trap();
        break;
      case 4:
        lstmbench::decode_memory(line, 1);
        break;
      case 5:
        lstmbench::decode_peak(line, 1);
        break;
      case 6:
        lstmbench::decode_quit(line, 1);
        break;
    }
  } catch (const lstmbench::WorkerFailure&) {
  }
  return 0;
}
