// What this program itself computes.
#pragma once

#include <cstdint>

namespace lstmbench {

// CPU time of this process so far, without its children's.
std::int64_t own_cpu_ns();

}  // namespace lstmbench
