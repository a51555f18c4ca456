// Who computes what of a layer's recurrence, as the machine turns out to be: cores that other programs use,
// too, get less of it.
#pragma once

#include <x86intrin.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "cpu/barrier.h"
#include "cpu/thread_team.h"
#include "engines/sequence/split.h"
#include "engines/sequence/work_shares.h"
#include "engines/training/packed_batch.h"

namespace lstm::engines {

// One thread's share of a layer's recurrence.
struct RecurrenceTask {
  Range directions;  // that it goes through, one after the other
  Range places;      // of the sorted batch
  Range blocks;      // unit blocks

  // How many of its samples are among the first so many places of the batch.
  int samples(int among) const { return std::clamp(among - places.first, 0, places.size()); }
  int place(int index) const { return places.first + index; }
};

// Unit parts are as large as what their threads got done lately, and so are sample groups where units have no
// parts. Unit parts meet in every time step, so that a thread that loses its core for a moment stops all, and
// directions take as long as the slower one: when threads wait too much, an alternative of sample groups
// takes over for some training steps. Results are the same bits either way.
class RecurrenceShares {
 public:
  // `alternative`: of sample groups only, else `split` stays.
  RecurrenceShares(const Network& network, const RecurrenceSplit& split, const RecurrenceSplit& alternative,
                   cpu::ThreadTeam& team);

  // Before a training step: which of the two splits it takes.
  void begin_step();
  const RecurrenceSplit& split() const { return way().split; }
  // Both of them, for people.
  std::string description() const;

  // False where the thread has no part in the recurrence.
  bool has_task(int thread) const { return thread < split().threads(); }
  // A pass over a layer, by each thread with a task; all of the team meet before the next one.
  RecurrenceTask begin(int thread, const PackedBatch& batch, int unit_blocks);
  // At the end of a time step: waits for those with the same samples' other unit blocks. Meanwhile it calls
  // do_some() for some microseconds of other work, until that returns false as there is none.
  template <class DoSome>
  void meet_others(int thread, const DoSome& do_some) {
    if (split().unit_parts == 1) return;
    const std::uint64_t began = __rdtsc();
    std::uint64_t worked_until = began;
    way().barriers[set_of(thread)].arrive_and_wait([&] {
      const bool has_worked = do_some();
      worked_until = __rdtsc();
      return has_worked;
    });
    const std::uint64_t ended = __rdtsc();
    clocks_[static_cast<std::size_t>(thread)].waits += ended - began;
    count_idle(thread, ended - worked_until);
  }
  // The pass is over for the thread, in which it computed so many rows of its samples.
  void end(int thread, const RecurrenceTask& task, int rows);
  // It had nothing to do for so many cycles.
  void count_idle(int thread, std::uint64_t cycles) {
    clocks_[static_cast<std::size_t>(thread)].idle += cycles;
  }

 private:
  struct Way {
    Way(const RecurrenceSplit& split, cpu::ThreadTeam& team);
    RecurrenceSplit split;
    std::deque<cpu::Barrier> barriers;      // one for each set of unit parts
    std::vector<WorkShares> sample_shares;  // one for each of the directions at once, in rows
    std::vector<WorkShares> unit_shares;    // one for each set of unit parts, in unit blocks
  };
  // What one thread took, in cycles, since the training step began.
  struct alignas(128) Clock {
    std::uint64_t pass_began = 0, waits_before = 0;
    std::uint64_t passes = 0;
    std::uint64_t waits = 0;  // at barriers, with other work or without
    std::uint64_t idle = 0;
  };

  // Of the time that threads with a task had in the training step before, how much they were idle.
  double idle_share() const;
  const Way& way() const { return ways_[static_cast<std::size_t>(current_)]; }
  Way& way() { return ways_[static_cast<std::size_t>(current_)]; }
  // Which part of the units a thread has, among whose set, and that set's group of samples.
  int part_of_units(int thread) const { return thread % split().unit_parts; }
  std::size_t set_of(int thread) const { return static_cast<std::size_t>(thread / split().unit_parts); }
  int group_of(int thread) const { return thread / split().unit_parts % split().sample_groups; }
  WorkShares& sample_shares_of(int thread) {
    return way().sample_shares[static_cast<std::size_t>(thread / split().unit_parts / split().sample_groups)];
  }

  int directions_;
  std::deque<Way> ways_;  // as wanted, and the alternative where there is one
  int current_ = 0;
  int steps_left_ = 0;  // of the alternative
  int pause_;           // how many steps it takes over next time
  std::vector<Clock> clocks_;
};

}  // namespace lstm::engines
