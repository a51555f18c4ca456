// A ParallelRegion of plain threads, for tests: what OpenMP's would be, which ThreadSanitizer does not know.
#pragma once

#include <algorithm>
#include <thread>
#include <vector>

#include "lstm/cpu.h"

namespace lstm {

struct PlainRegion {
  static inline unsigned most_threads = 1000;  // of a run; with fewer than asked for it is short
  static inline int runs = 0;                  // so far
  static inline thread_local int count = 1, index = 0;

  static void run(void (*body)(void*), void* data, unsigned threads, unsigned) {
    ++runs;
    threads = std::min(threads, most_threads);
    const auto share = [=](unsigned thread) {
      count = static_cast<int>(threads), index = static_cast<int>(thread);
      body(data);
      count = 1, index = 0;
    };
    std::vector<std::thread> others;
    for (unsigned thread = 1; thread < threads; ++thread) others.emplace_back(share, thread);
    share(0);
    for (std::thread& other : others) other.join();
  }
  static int get_count() { return count; }
  static int get_index() { return index; }

  static ParallelRegion region() { return {.run = run, .count = get_count, .index = get_index}; }
};

}  // namespace lstm
