// The CPUs that this process may use, and binding threads to them.
#pragma once

#include <sched.h>

namespace lstm::cpu {

// The affinity mask of the calling thread at the first call in this process: later ones may come from threads
// that a team has pinned already.
const cpu_set_t& process_cpus();
int process_cpu_count();

// A mask of only the k-th CPU of process_cpus(), k < process_cpu_count().
cpu_set_t kth_cpu(int k);

// Of the calling thread. Where the system refuses, the thread stays where it was: affinity only affects
// speed.
void bind_thread(const cpu_set_t& cpus);
cpu_set_t thread_cpus();

}  // namespace lstm::cpu
