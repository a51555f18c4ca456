// The CPUs that a team's threads may use, and binding threads to them.
#pragma once

#include <sched.h>

#include <vector>

namespace lstm::cpu {

// The affinity mask of the calling thread.
cpu_set_t thread_cpus();
// The same, of one that pin_thread() has bound, or that such a one has started: that from before.
cpu_set_t unpinned_cpus();

// Of the calling thread. Where the system refuses, the thread stays where it was: affinity only affects
// speed.
void bind_thread(const cpu_set_t& cpus);
// Binds the calling thread, and lets it go where it might run before the first pin_thread() when the last of
// them is taken back: several teams may have one caller and end in any order.
void pin_thread(const cpu_set_t& cpus);
void unpin_thread();

// One CPU for each of some threads, out of `cpus`: those that living claims of this process have taken least
// often, so that teams that compute at once do not share them. From any thread.
class CpuClaim {
 public:
  CpuClaim(const cpu_set_t& cpus, int count);  // count: at most as many as there are
  ~CpuClaim();
  CpuClaim(const CpuClaim&) = delete;
  CpuClaim& operator=(const CpuClaim&) = delete;

  // A mask of the k-th of them only.
  cpu_set_t cpu(int k) const;

 private:
  std::vector<int> claimed_;
};

}  // namespace lstm::cpu
