// How long a process was kept from running.
#pragma once

#include <cstdint>

namespace lstmbench {

// Time that the first thread of a process was ready to run and had no CPU, since it began; 0 where the kernel
// does not say.
std::int64_t run_delay_ns(int pid);

}  // namespace lstmbench
