#include "engines/sequence/work_shares.h"

#include <gtest/gtest.h>

#include <vector>

namespace {

using lstm::engines::Range;
using lstm::engines::WorkShares;

// One turn of all workers, each of which takes `cycles_per_unit` for one unit of work.
std::vector<int> turn(WorkShares& shares, int count, const std::vector<int>& cycles_per_unit) {
  std::vector<int> sizes;
  int end = 0;
  const int workers = static_cast<int>(cycles_per_unit.size());
  for (int worker = 0; worker < workers; ++worker) shares.begin_turn(worker);
  for (int worker = 0; worker < workers; ++worker) {
    const Range part = shares.part(worker, count);
    EXPECT_EQ(part.first, end) << "parts follow each other";
    end = part.last;
    sizes.push_back(part.size());
    shares.report(
        worker, part.size(),
        static_cast<std::uint64_t>(part.size() * cycles_per_unit[static_cast<std::size_t>(worker)]));
  }
  EXPECT_EQ(end, count);
  return sizes;
}

std::vector<int> turns(WorkShares& shares, int count, const std::vector<int>& cycles_per_unit, int number) {
  std::vector<int> sizes;
  for (int i = 0; i < number; ++i) sizes = turn(shares, count, cycles_per_unit);
  return sizes;
}

TEST(WorkShares, AreEqualWhereSpeedsAre) {
  WorkShares shares(2);
  EXPECT_EQ(turns(shares, 40, {100, 100}, 1), (std::vector{20, 20}));
  EXPECT_EQ(turns(shares, 40, {100, 100}, 20), (std::vector{20, 20}));
}

TEST(WorkShares, FollowSpeedsWithinSomeTurns) {
  WorkShares shares(2);
  EXPECT_EQ(turns(shares, 40, {100, 300}, 20), (std::vector{30, 10}));
  EXPECT_EQ(turns(shares, 40, {100, 100}, 20), (std::vector{20, 20}));
  WorkShares three(3);
  EXPECT_EQ(turns(three, 40, {100, 200, 100}, 20), (std::vector{16, 8, 16}));
}

TEST(WorkShares, ForgetOneSlowTurnSoon) {
  WorkShares shares(2);
  turns(shares, 40, {100, 100}, 10);
  turn(shares, 40, {100, 2000});
  EXPECT_GE(turn(shares, 40, {100, 100})[1], 15);
  EXPECT_GE(turns(shares, 40, {100, 100}, 5)[1], 19);
}

TEST(WorkShares, LeaveEveryoneSomething) {
  WorkShares shares(3);
  EXPECT_EQ(turns(shares, 5, {1, 100000, 100000}, 50), (std::vector{3, 1, 1}));
  EXPECT_EQ(turns(shares, 5, {100000, 100000, 1}, 50), (std::vector{1, 1, 3}));
  EXPECT_EQ(turns(shares, 3, {1, 100000, 1}, 50), (std::vector{1, 1, 1}));
}

TEST(WorkShares, OfLessWorkThanWorkersLeaveSomeNothing) {
  WorkShares shares(4);
  int all = 0;
  for (int size : turns(shares, 3, {1, 1, 1, 1}, 3)) all += size;
  EXPECT_EQ(all, 3);
}

TEST(WorkShares, OfOneWorkerAreEverything) {
  WorkShares shares(1);
  EXPECT_EQ(turns(shares, 7, {5}, 3), (std::vector{7}));
}

}  // namespace
