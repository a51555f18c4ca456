// A persistent team of threads that run one function together, and the barrier they meet at.
#pragma once

#include <cstdint>
#include <memory>

#include "lstm/cpu.h"

namespace lstm::cpu {

class ThreadTeam {
 public:
  // `threads` >= 1; thread 0 of the team is the caller itself, so that one thread costs nothing. Pins threads
  // as lstm/cpu.h says, to CPUs of those that the caller may use; teams that live at once get different CPUs
  // as far as there are. Of several callers, which take turns, `always` pins the first one only. Denormals
  // are flushed in a run, also on the caller's thread, which has its own setting back after it. Throws
  // std::invalid_argument for threads < 1 or more than the system gives.
  // With a region its threads take the place of the team's own, and none is pinned. In a run for which it has
  // fewer, threads of the team's own compute, made in the first of such runs; run() then throws what this
  // throws.
  explicit ThreadTeam(int threads, Pinning pinning = Pinning::always, const ParallelRegion& region = {});
  // Ends the threads and, in the thread that was pinned as the caller, restores where it may run.
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  int threads() const { return threads_; }

  // Runs function(thread) for thread = 0..threads-1 at once and returns when all are done. The function must
  // not throw. Not reentrant, and from one thread at a time. Allocates nothing. Between runs the threads spin
  // for a short bound, then sleep.
  template <class Function>
  void run(const Function& function) {
    run_task({[](const void* f, int thread) { (*static_cast<const Function*>(f))(thread); }, &function});
  }

  // To be called by every thread inside run(): returns when all have arrived. Spins for a bound, then yields
  // or sleeps, so that it neither hangs nor collapses when threads outnumber CPUs. Measured between two
  // threads on two virtual CPUs of a Xeon (Sapphire Rapids): 0.12 to 0.27 us, a whole run() of nothing 0.7
  // to 1.1 us; four threads on the same two CPUs: 1 to 6 us (lstm-microbench --benchmark_filter=thread_team).
  void barrier();

  // For a Barrier between some of the threads: how long they should spin at it.
  std::uint64_t barrier_spin() const;

 private:
  struct Task {
    void (*call)(const void* function, int thread) = nullptr;
    const void* function = nullptr;
  };
  struct State;

  void run_task(Task task);
  void run_on_own_threads(Task task);

  int threads_;
  std::unique_ptr<State> state_;
};

}  // namespace lstm::cpu
