// How much memory this process can still get before the system starts killing.
#pragma once

#include <cstddef>

namespace lstm::cpu {

// Bytes: the least of what the machine (MemAvailable) and every control group (version 2) above this process
// have left, page cache counted as free. The greatest size_t where the system says nothing.
std::size_t available_memory();

}  // namespace lstm::cpu
