// Work that needs no order among its jobs, done by whichever thread has nothing better to do.
#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <vector>

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
  // The job that is furthest behind of those that nobody has and for which is_ready(job, chunk); nothing
  // where there is none. To be given back.
  template <class IsReady>
  std::optional<Turn> take(int chunks, const IsReady& is_ready) {
    for (;;) {
      Turn turn{.job = -1, .chunk = chunks};
      for (std::size_t i = 0; i < jobs_.size(); ++i) {
        if (jobs_[i].is_taken.load(std::memory_order_relaxed)) continue;
        const int done = jobs_[i].done.load(std::memory_order_relaxed);
        if (done < turn.chunk && is_ready(static_cast<int>(i), done)) turn = {static_cast<int>(i), done};
      }
      if (turn.job < 0) return {};
      Job& job = jobs_[static_cast<std::size_t>(turn.job)];
      if (job.is_taken.exchange(true, std::memory_order_acquire)) continue;
      if (job.done.load(std::memory_order_relaxed) == turn.chunk) return turn;
      job.is_taken.store(false, std::memory_order_release);  // another thread had it meanwhile
    }
  }
  void give_back(const Turn& turn) {
    Job& job = jobs_[static_cast<std::size_t>(turn.job)];
    job.done.store(turn.chunk + 1, std::memory_order_relaxed);
    job.is_taken.store(false, std::memory_order_release);
  }

 private:
  struct alignas(128) Job {
    std::atomic<bool> is_taken{false};
    std::atomic<int> done{0};
  };
  std::vector<Job> jobs_;
};

}  // namespace lstm::engines
