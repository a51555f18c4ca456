#include "engines/sequence/chunk_jobs.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>
#include <vector>

namespace {

using lstm::engines::ChunkJobs;
using lstm::engines::Range;

const auto always = [](int, int) { return true; };
constexpr Range kNone{0, 0};  // of its own

TEST(ChunkJobs, AreTakenFurthestBehindFirst) {
  ChunkJobs jobs(3);
  const auto first = jobs.take(2, kNone, always);
  ASSERT_TRUE(first);
  const auto second = jobs.take(2, kNone, always);
  ASSERT_TRUE(second);
  EXPECT_NE(first->job, second->job);
  jobs.give_back(*first);
  // The third one, whose first chunk is still to do, before the second chunk of the first one.
  const auto third = jobs.take(2, kNone, always);
  ASSERT_TRUE(third);
  EXPECT_EQ(third->chunk, 0);
  const auto again = jobs.take(2, kNone, always);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->job, first->job);
  EXPECT_EQ(again->chunk, 1);
  EXPECT_FALSE(jobs.take(2, kNone, always));  // all are in somebody's hands
}

TEST(ChunkJobs, OfOnesOwnComeFirst) {
  ChunkJobs jobs(4);
  const Range own{2, 4};
  for (const int job : {2, 3}) {
    const auto turn = jobs.take(2, own, always);
    ASSERT_TRUE(turn);
    EXPECT_EQ(turn->job, job);
  }
  const auto other = jobs.take(2, own, always);  // its own ones are taken
  ASSERT_TRUE(other);
  EXPECT_EQ(other->job, 0);
}

TEST(ChunkJobs, WaitUntilTheirChunkIsReady) {
  ChunkJobs jobs(2);
  const auto only_second_job = [](int job, int chunk) { return job == 1 && chunk == 0; };
  const auto turn = jobs.take(5, kNone, only_second_job);
  ASSERT_TRUE(turn);
  EXPECT_EQ(turn->job, 1);
  jobs.give_back(*turn);
  EXPECT_FALSE(jobs.take(5, kNone, only_second_job));
}

TEST(ChunkJobs, BeginAgainAfterAReset) {
  ChunkJobs jobs(1);
  for (int pass = 0; pass < 2; ++pass) {
    for (int chunk = 0; chunk < 3; ++chunk) {
      const auto turn = jobs.take(3, kNone, always);
      ASSERT_TRUE(turn);
      EXPECT_EQ(turn->chunk, chunk);
      jobs.give_back(*turn);
    }
    EXPECT_FALSE(jobs.take(3, kNone, always));
    jobs.reset();
  }
}

// What a job writes needs no lock: under ThreadSanitizer this finds a missing order between two turns.
TEST(ChunkJobs, GoThroughEachChunkOnceAndInOrder) {
  constexpr int kJobs = 5, kChunks = 200, kThreads = 4;
  ChunkJobs jobs(kJobs);
  std::vector<std::vector<int>> done(kJobs);
  std::atomic<int> ready{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int turns = 0; turns < kJobs * kChunks;) {
        ready.fetch_add(1);
        const auto turn =
            jobs.take(kChunks, {i, i + 1}, [&](int, int chunk) { return chunk < ready.load(); });
        if (turn) {
          done[static_cast<std::size_t>(turn->job)].push_back(turn->chunk);
          jobs.give_back(*turn);
          turns = 0;
        } else {
          ++turns;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::vector<int>& chunks : done) {
    ASSERT_EQ(chunks.size(), std::size_t{kChunks});
    for (int chunk = 0; chunk < kChunks; ++chunk) EXPECT_EQ(chunks[static_cast<std::size_t>(chunk)], chunk);
  }
}

}  // namespace
