#include "engines/sequence/recurrence_shares.h"

#include <gtest/gtest.h>
#include <x86intrin.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <random>
#include <thread>
#include <tuple>
#include <vector>

namespace {

using lstm::engines::PackedBatch;
using lstm::engines::RecurrenceShares;
using lstm::engines::RecurrenceSplit;
using lstm::engines::RecurrenceTask;

// A batch of samples of these lengths, of one channel.
class LoadedBatch {
 public:
  explicit LoadedBatch(std::vector<std::int32_t> lengths)
      : lengths_(std::move(lengths)),
        x_(lengths_.size() * kSteps, 1.0f),
        labels_(lengths_.size(), 0),
        network_{.inputs = 1, .units = 16, .directions = 2, .classes = 2},
        packed_(network_, {.samples = static_cast<int>(lengths_.size()), .time_steps = kSteps}) {
    packed_.load({static_cast<int>(lengths_.size()), kSteps, x_, lengths_, {}, labels_, {}});
  }
  const PackedBatch& operator*() const { return packed_; }
  const lstm::Network& network() const { return network_; }

 private:
  static constexpr int kSteps = 50;
  std::vector<std::int32_t> lengths_;
  std::vector<float> x_;
  std::vector<std::int32_t> labels_;
  lstm::Network network_;
  PackedBatch packed_;
};

bool no_work() {
  return false;
}

LoadedBatch random_batch(std::mt19937& random) {
  std::vector<std::int32_t> lengths(1 + random() % 12);
  for (auto& length : lengths) length = static_cast<std::int32_t>(1 + random() % 50);
  return LoadedBatch(lengths);
}

TEST(RecurrenceShares, CoverEachSampleUnitAndDirectionOnce) {
  std::mt19937 random(1);
  for (int trial = 0; trial < 200; ++trial) {
    const LoadedBatch batch = random_batch(random);
    const RecurrenceSplit split{.directions_at_once = static_cast<int>(1 + random() % 2),
                                .sample_groups = static_cast<int>(1 + random() % 4),
                                .unit_parts = static_cast<int>(1 + random() % 3)};
    lstm::cpu::ThreadTeam team(split.threads(), lstm::Pinning::never);
    RecurrenceShares shares(batch.network(), split, split, team);
    constexpr int blocks = 7;
    for (int pass = 0; pass < 5; ++pass) {
      std::map<std::tuple<int, int, int>, int> times;
      for (int thread = 0; thread < split.threads(); ++thread) {
        const RecurrenceTask task = shares.begin(thread, *batch, blocks);
        for (int d = task.directions.first; d < task.directions.last; ++d)
          for (int i = 0; i < task.samples((*batch).samples()); ++i)
            for (int block = task.blocks.first; block < task.blocks.last; ++block)
              ++times[{d, task.place(i), block}];
        if (random() % 2) std::this_thread::sleep_for(std::chrono::microseconds(random() % 50));
        shares.end(thread, task, task.places.size());
      }
      EXPECT_EQ(times.size(), static_cast<std::size_t>(2 * (*batch).samples() * blocks))
          << split.description();
      for (const auto& [what, number] : times) EXPECT_EQ(number, 1) << split.description();
    }
  }
}

TEST(RecurrenceShares, CutWhereTheRowsOfSamplesAreNearestToTheParts) {
  lstm::cpu::ThreadTeam team(2, lstm::Pinning::never);
  const RecurrenceSplit split{.sample_groups = 2};
  const auto places_of_first = [&](std::vector<std::int32_t> lengths) {
    const LoadedBatch batch(std::move(lengths));
    RecurrenceShares shares(batch.network(), split, split, team);
    return shares.begin(0, *batch, 1).places.size();
  };
  EXPECT_EQ(places_of_first({30, 40, 30}), 1);  // 40 rows of 100, not 70
  EXPECT_EQ(places_of_first({40, 20, 40, 20}), 2);
  EXPECT_EQ(places_of_first({50, 45, 5}), 1);
  EXPECT_EQ(places_of_first({35, 35, 30, 30, 30}), 2);  // 70 rows of 160, not 100
}

TEST(RecurrenceShares, GiveASlowThreadFewerSamples) {
  const LoadedBatch batch(std::vector<std::int32_t>(16, 50));
  lstm::cpu::ThreadTeam team(2, lstm::Pinning::never);
  const RecurrenceSplit split{.sample_groups = 2};
  RecurrenceShares shares(batch.network(), split, split, team);
  int passes_with_fewer = 0;
  for (int pass = 0; pass < 30; ++pass) {
    int places[2] = {};
    for (int thread = 0; thread < 2; ++thread) {
      const RecurrenceTask task = shares.begin(thread, *batch, 1);
      places[thread] = task.places.size();
      // One takes three times as long for a sample.
      std::this_thread::sleep_for(
          std::chrono::microseconds(100 * task.places.size() * (thread == 0 ? 1 : 3)));
      shares.end(thread, task, task.places.size());
    }
    EXPECT_EQ(places[0] + places[1], 16);
    passes_with_fewer += places[1] < 8;
  }
  EXPECT_GT(passes_with_fewer, 15);  // not all: the first are equal, and the machine may be busy
}

TEST(RecurrenceShares, GiveASlowThreadFewerUnits) {
  const LoadedBatch batch(std::vector<std::int32_t>(4, 50));
  lstm::cpu::ThreadTeam team(2, lstm::Pinning::never);
  const RecurrenceSplit split{.unit_parts = 2};
  RecurrenceShares shares(batch.network(), split, split, team);
  int passes_with_fewer = 0;
  for (int pass = 0; pass < 30; ++pass) {
    int blocks[2] = {};
    team.run([&](int thread) {
      const RecurrenceTask task = shares.begin(thread, *batch, 40);
      blocks[thread] = task.blocks.size();
      // One takes three times as long for a unit block; waiting for it is not the other's work.
      std::this_thread::sleep_for(
          std::chrono::microseconds(100 * task.blocks.size() * (thread == 0 ? 1 : 3)));
      shares.meet_others(thread, no_work);
      shares.end(thread, task, task.places.size());
    });
    EXPECT_EQ(blocks[0] + blocks[1], 40);
    passes_with_fewer += blocks[1] < 15;
  }
  EXPECT_GT(passes_with_fewer, 15);  // not all: the first are equal, and the machine may be busy
}

class RecurrenceSharesOfTwo : public ::testing::Test {
 protected:
  // One training step of a pass of two time steps, in which one thread comes late to the barrier.
  void step(RecurrenceShares& shares, std::chrono::milliseconds late) {
    shares.begin_step();
    team_.run([&](int thread) {
      const RecurrenceTask task = shares.begin(thread, *batch_, 4);
      if (thread == 1) std::this_thread::sleep_for(late);
      shares.meet_others(thread, no_work);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      shares.meet_others(thread, no_work);
      shares.end(thread, task, 1);
    });
  }

  LoadedBatch batch_{std::vector<std::int32_t>(8, 50)};
  lstm::cpu::ThreadTeam team_{2, lstm::Pinning::never};
  RecurrenceSplit units_{.unit_parts = 2}, samples_{.sample_groups = 2};
};

TEST_F(RecurrenceSharesOfTwo, LeaveUnitPartsForAWhileWhereTheyWait) {
  RecurrenceShares shares(batch_.network(), units_, samples_, team_);
  EXPECT_EQ(shares.description(),
            "1 direction x 1 sample group x 2 unit parts (1 direction x 2 sample groups x 1 unit part while "
            "cores are busy)");
  step(shares, std::chrono::milliseconds(200));
  EXPECT_EQ(shares.split().unit_parts, 2) << "the step that has begun ends as it began";
  for (int i = 0; i < 8; ++i) {
    step(shares, std::chrono::milliseconds(0));
    EXPECT_EQ(shares.split().unit_parts, 1) << i;
  }
  step(shares, std::chrono::milliseconds(200));
  EXPECT_EQ(shares.split().unit_parts, 2) << "tried again";
  for (int i = 0; i < 16; ++i) {
    step(shares, std::chrono::milliseconds(0));
    EXPECT_EQ(shares.split().unit_parts, 1) << "for longer: " << i;
  }
}

TEST_F(RecurrenceSharesOfTwo, LeaveDirectionsWhereThreadsAreIdle) {
  const RecurrenceSplit directions{.directions_at_once = 2};
  RecurrenceShares shares(batch_.network(), directions, samples_, team_);
  shares.begin_step();
  team_.run([&](int thread) {
    const RecurrenceTask task = shares.begin(thread, *batch_, 4);
    std::this_thread::sleep_for(std::chrono::milliseconds(thread == 1 ? 200 : 10));
    shares.end(thread, task, 1);
    const std::uint64_t began = __rdtsc();
    team_.barrier();
    shares.count_idle(thread, __rdtsc() - began);
  });
  EXPECT_EQ(shares.split().directions_at_once, 2);
  shares.begin_step();
  EXPECT_EQ(shares.split().directions_at_once, 1);
  EXPECT_EQ(shares.split().sample_groups, 2);
}

TEST_F(RecurrenceSharesOfTwo, StayWhereThreadsWorkWhileTheyWait) {
  RecurrenceShares shares(batch_.network(), units_, samples_, team_);
  std::atomic<int> worked{0};
  for (int i = 0; i < 2; ++i) {
    shares.begin_step();
    EXPECT_EQ(shares.split().unit_parts, 2);
    team_.run([&](int thread) {
      const RecurrenceTask task = shares.begin(thread, *batch_, 4);
      if (thread == 1) std::this_thread::sleep_for(std::chrono::milliseconds(200));
      shares.meet_others(thread, [&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        ++worked;
        return true;
      });
      shares.end(thread, task, 1);
    });
  }
  EXPECT_GT(worked, 20);  // 400 on a quiet machine
}

TEST_F(RecurrenceSharesOfTwo, KeepASplitThatWasAskedFor) {
  RecurrenceShares shares(batch_.network(), units_, units_, team_);
  for (int i = 0; i < 3; ++i) {
    step(shares, std::chrono::milliseconds(50));
    EXPECT_EQ(shares.split().unit_parts, 2);
  }
}

}  // namespace
