#include "cpu/thread_team.h"

#include <pthread.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "cpu/affinity.h"
#include "cpu/barrier.h"
#include "cpu/denormals.h"
#include "cpu/spin.h"

namespace lstm::cpu {
namespace {

// Time-stamp counter cycles, 2 to 4 a nanosecond: about 10 us and 50 us.
constexpr std::uint64_t kBarrierSpin = 30'000;
constexpr std::uint64_t kIdleSpin = 150'000;

}  // namespace

// Each group that is written by different threads at different times has a cache line (two, for the
// neighbour-line prefetcher) of its own.
struct ThreadTeam::State {
  cpu_set_t cpus =
      unpinned_cpus();            // for threads that are not pinned; workers would inherit a pinned caller's
  std::optional<CpuClaim> claim;  // where threads are pinned
  // Where threads outnumber CPUs, whoever is waited for may need the very CPU that would spin.
  std::uint64_t barrier_spin = kBarrierSpin, idle_spin = kIdleSpin;

  bool pins_caller = false;
  std::optional<pthread_t> pinned_caller;  // the first one

  Task task;
  alignas(128) std::atomic<std::uint32_t> generation{0};  // of runs; a change starts the workers
  std::atomic<bool> is_ending{false};
  alignas(128) std::atomic<int> busy{0};  // workers that have not finished this run
  std::optional<Barrier> barrier;

  ParallelRegion region;

  alignas(128) std::vector<std::thread> workers;

  ~State() {
    is_ending.store(true);
    start_generation();
    for (std::thread& worker : workers) worker.join();
    if (pinned_caller && pthread_equal(*pinned_caller, pthread_self())) unpin_thread();
  }

  void start_generation() {
    generation.fetch_add(1);
    generation.notify_all();
  }

  void place_caller() {
    if (!claim) return;
    if (!pins_caller || pinned_caller) return lead_thread(claim->cpu(0));
    pinned_caller = pthread_self();
    pin_thread(only(claim->cpu(0)));
  }

  void start_workers(int threads) {
    workers.reserve(static_cast<std::size_t>(threads - 1));
    try {
      for (int thread = 1; thread < threads; ++thread) {
        workers.emplace_back([this, thread, seen = generation.load()] { work(thread, seen); });
      }
    } catch (const std::system_error&) {  // those that have started end with the state
      throw std::invalid_argument("threads: got " + std::to_string(threads) +
                                  ", of which the system gives no more than " +
                                  std::to_string(workers.size() + 1));
    }
  }

  // `seen`: the last generation that it has no part in.
  void work(int thread, std::uint32_t seen) {
    flush_denormals();
    bind_thread(claim ? only(claim->cpu(thread)) : cpus);
    for (;;) {
      const auto has_started = [&] { return generation.load(std::memory_order_acquire) != seen; };
      if (!spin(idle_spin, has_started)) generation.wait(seen);
      ++seen;
      if (is_ending.load()) return;
      task.call(task.function, thread);
      busy.fetch_sub(1, std::memory_order_release);
    }
  }
};

ThreadTeam::ThreadTeam(int threads, Pinning pinning, const ParallelRegion& region)
    : threads_(threads), state_(std::make_unique<State>()) {
  if (threads < 1) {
    throw std::invalid_argument("threads: got " + std::to_string(threads) + ", expected at least 1");
  }
  State& state = *state_;
  state.region = region;
  const int cpus = CPU_COUNT(&state.cpus);
  const bool has_cpus = threads <= cpus;
  if (!has_cpus) state.barrier_spin = state.idle_spin = 0;
  state.barrier.emplace(threads, state.barrier_spin);
  if (region.run != nullptr) return;
  state.pins_caller = pinning == Pinning::always && has_cpus;
  if (state.pins_caller || (pinning == Pinning::automatic && threads == cpus)) {
    state.claim.emplace(state.cpus, threads, Cores(state.cpus));
  }
  state.start_workers(threads);
}

ThreadTeam::~ThreadTeam() = default;

void ThreadTeam::run_task(Task task) {
  const ParallelRegion& region = state_->region;
  if (threads_ == 1 || region.run == nullptr) return run_on_own_threads(task);
  struct Share {
    const ParallelRegion& region;
    const Task task;
    const int threads;
    std::atomic<bool> lacks_threads{false};
  } share{region, task, threads_};
  const auto body = [](void* data) {
    Share& of = *static_cast<Share*>(data);
    if (of.region.count() != of.threads) return of.lacks_threads.store(true);
    const DenormalsFlushed flushed;
    of.task.call(of.task.function, of.region.index());
  };
  region.run(body, &share, static_cast<unsigned>(threads_), 0);
  if (share.lacks_threads.load()) run_on_own_threads(task);
}

void ThreadTeam::run_on_own_threads(Task task) {
  State& state = *state_;
  if (state.workers.empty() && threads_ > 1) state.start_workers(threads_);
  state.place_caller();
  const DenormalsFlushed flushed;
  if (threads_ > 1) {
    state.task = task;
    state.busy.store(threads_ - 1, std::memory_order_relaxed);
    state.start_generation();
  }
  task.call(task.function, 0);
  spin_then_yield(state.barrier_spin, [&] { return state.busy.load(std::memory_order_acquire) == 0; });
}

void ThreadTeam::barrier() {
  state_->barrier->arrive_and_wait();
}

std::uint64_t ThreadTeam::barrier_spin() const {
  return state_->barrier_spin;
}

}  // namespace lstm::cpu
