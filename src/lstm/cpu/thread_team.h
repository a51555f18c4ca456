// A persistent team of pinned threads that run one function together, and the barrier they meet at.
#pragma once

#include <functional>
#include <memory>

namespace lstm::cpu {

class ThreadTeam {
 public:
  // `threads` >= 1; thread 0 of the team is the caller itself, so that one thread costs nothing. Pins thread
  // k (the caller excepted until its first run) to the k-th CPU of the process's affinity mask while there
  // are enough of them; more threads than CPUs are not pinned. Every thread flushes denormals.
  explicit ThreadTeam(int threads, bool pin = true);
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  int threads() const;

  // Runs function(thread) for thread = 0..threads-1 at once and returns when all are done. The function must
  // not throw. Not reentrant. Between runs the threads spin for a short bound, then sleep.
  void run(const std::function<void(int thread)>& function);

  // To be called by every thread inside run(): returns when all have arrived. Spins for a bound, then yields,
  // so that it neither hangs nor collapses when threads outnumber CPUs.
  void barrier();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lstm::cpu
