// Work that needs no order among its jobs, done by whichever thread has nothing better to do.
#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <vector>

#include "engines/training/range.h"

namespace lstm::engines {

// Jobs that go through the same number of chunks each, one chunk after the other, so that what a job adds up
// has one order whoever does it. A thread takes a job for one chunk. What it wrote for the job is visible to
// the thread that takes it next.
class ChunkJobs {
 public:
  explicit ChunkJobs(int jobs) : jobs_(static_cast<std::size_t>(jobs)) {}

  // Not while any thread works.
  void reset() {
    for (Job& job : jobs_) job.done.store(0, std::memory_order_relaxed);
  }

  struct Turn {
    int job;
    int chunk;  // how many of its chunks are done
  };
  // A job that nobody has and for which is_ready(job, chunk), to be given back: the one that is furthest
  // behind of the thread's `own`, whose results its core may still hold, else of all. Nothing where there is
  // none.
  template <class IsReady>
  std::optional<Turn> take(int chunks, Range own, const IsReady& is_ready) {
    if (const std::optional<Turn> turn = take_of(own, chunks, is_ready)) return turn;
    return take_of({0, static_cast<int>(jobs_.size())}, chunks, is_ready);
  }
  void give_back(const Turn& turn) {
    Job& job = jobs_[static_cast<std::size_t>(turn.job)];
    job.done.store(turn.chunk + 1, std::memory_order_relaxed);
    job.is_taken.store(false, std::memory_order_release);
  }

 private:
  template <class IsReady>
  std::optional<Turn> take_of(Range jobs, int chunks, const IsReady& is_ready) {
    for (;;) {
      Turn turn{.job = -1, .chunk = chunks};
      for (int i = jobs.first; i < jobs.last; ++i) {
        const Job& job = jobs_[static_cast<std::size_t>(i)];
        if (job.is_taken.load(std::memory_order_relaxed)) continue;
        const int done = job.done.load(std::memory_order_relaxed);
        if (done < turn.chunk && is_ready(i, done)) turn = {i, done};
      }
      if (turn.job < 0) return {};
      Job& job = jobs_[static_cast<std::size_t>(turn.job)];
      if (job.is_taken.exchange(true, std::memory_order_acquire)) continue;
      if (job.done.load(std::memory_order_relaxed) == turn.chunk) return turn;
      job.is_taken.store(false, std::memory_order_release);  // another thread had it meanwhile
    }
  }

  struct alignas(128) Job {
    std::atomic<bool> is_taken{false};
    std::atomic<int> done{0};
  };
  std::vector<Job> jobs_;
};

}  // namespace lstm::engines
