// Sizes of this machine's caches.
#pragma once

#include <unistd.h>

#include <cstddef>

namespace lstm::cpu {

// The second-level cache of one core in bytes; 1 MiB where the system does not say.
inline std::size_t l2_bytes() {
  const long size = sysconf(_SC_LEVEL2_CACHE_SIZE);
  return size > 0 ? static_cast<std::size_t>(size) : std::size_t{1} << 20;
}

}  // namespace lstm::cpu
