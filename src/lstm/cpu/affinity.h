// The CPUs that a team's threads may use, and binding threads to them.
#pragma once

#include <sched.h>

#include <cstddef>
#include <vector>

#include "cpu/cores.h"

namespace lstm::cpu {

// A mask of one CPU.
cpu_set_t only(int cpu);
// The affinity mask of the calling thread.
cpu_set_t thread_cpus();
// The same, of one that pin_thread() has bound, or that such a one has started: that from before.
cpu_set_t unpinned_cpus();

// Of the calling thread. Where the system refuses, the thread stays where it was: affinity only affects
// speed.
void bind_thread(const cpu_set_t& cpus);
// Moves the calling thread to the CPU, unless it is there or may not run there; it may run wherever it might
// before.
void lead_thread(int cpu);
// Binds the calling thread, and lets it go where it might run before the first pin_thread() when the last of
// them is taken back: several teams may have one caller and end in any order.
void pin_thread(const cpu_set_t& cpus);
void unpin_thread();

// One CPU for each of some threads, out of `cpus`: those on whose core living claims of this process have
// taken least, so that neither the threads of a team share a core before each has one, nor teams that compute
// at once. From any thread.
class CpuClaim {
 public:
  // count: at most as many as there are CPUs
  CpuClaim(const cpu_set_t& cpus, int count, const Cores& cores);
  ~CpuClaim();
  CpuClaim(const CpuClaim&) = delete;
  CpuClaim& operator=(const CpuClaim&) = delete;

  // The k-th of them.
  int cpu(int k) const { return claimed_[static_cast<std::size_t>(k)]; }

 private:
  std::vector<int> claimed_;
};

}  // namespace lstm::cpu
