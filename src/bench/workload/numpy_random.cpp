#include "workload/numpy_random.h"

#include <bit>

namespace lstmbench {

double NumpyRandom::random_sample() {
  const std::uint32_t high = static_cast<std::uint32_t>(engine_()) >> 5;  // 27 bits
  const std::uint32_t low = static_cast<std::uint32_t>(engine_()) >> 6;   // 26 bits
  return (high * 67108864.0 + low) / 9007199254740992.0;
}

std::int64_t NumpyRandom::randint(std::int64_t low, std::int64_t high) {
  const auto range = static_cast<std::uint32_t>(high - low - 1);
  if (range == 0) return low;
  const auto mask = static_cast<std::uint32_t>((std::uint64_t{1} << std::bit_width(range)) - 1);
  std::uint32_t value = 0;
  do value = static_cast<std::uint32_t>(engine_()) & mask;
  while (value > range);
  return low + value;
}

}  // namespace lstmbench
