// Benchmarks that can be registered only when main() has begun.
#pragma once

namespace lstm::microbench {

// Has main() call it in front of the first benchmark. Returns true, for an initialiser.
bool defer(void (*register_benchmarks)());

}  // namespace lstm::microbench
