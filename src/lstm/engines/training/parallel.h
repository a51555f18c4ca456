// Loops shared out over a thread team.
#pragma once

#include <cstdint>

#include "cpu/denormals.h"
#include "cpu/thread_team.h"

namespace lstm::engines {

// Calls function(first, last) on one part of 0..count a thread, or once where a part would be smaller than
// `smallest_part`. The partition depends on count and the number of threads only.
template <class Function>
void for_each_part(cpu::ThreadTeam& team, std::int64_t count, std::int64_t smallest_part,
                   const Function& function) {
  const std::int64_t threads = team.threads();
  if (threads == 1 || count < threads * smallest_part) {
    const cpu::DenormalsFlushed flushed;  // as in a run of the team
    function(std::int64_t{0}, count);
    return;
  }
  const auto share = [&](int thread) { function(count * thread / threads, count * (thread + 1) / threads); };
  team.run(share);
}

// Calls function(item, thread) for every item of 0..count; thread k takes k, k + threads, ...
template <class Function>
void for_each_item(cpu::ThreadTeam& team, int count, const Function& function) {
  const auto share = [&](int thread) {
    for (int item = thread; item < count; item += team.threads()) function(item, thread);
  };
  team.run(share);
}

// Fewest elements of a pointwise operation that are worth waking another thread for.
inline constexpr std::int64_t kSmallestPointwisePart = 8192;

}  // namespace lstm::engines
