#include "engines/sequence/handover.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>
#include <vector>

namespace {

using lstm::engines::Handover;
using lstm::engines::RecurrenceRest;

TEST(Handover, IsRefusedWhereNobodyWaits) {
  Handover handover;
  handover.begin(1);
  EXPECT_FALSE(handover.is_wanted());
  EXPECT_FALSE(handover.give({0, 0, {0, 1}}));
  handover.end();
  EXPECT_FALSE(handover.wait(0));  // nobody works any more
}

TEST(Handover, GoesToAThreadThatWaits) {
  Handover handover;
  for (int pass = 0; pass < 3; ++pass) {
    handover.begin(2);
    std::optional<RecurrenceRest> got, got_later;
    std::atomic<bool> has_got{false};
    std::thread waiting([&] {
      handover.end();
      got = handover.wait(100);
      has_got = true;
      handover.end();
      got_later = handover.wait(100);
    });
    while (!handover.is_wanted()) std::this_thread::yield();
    EXPECT_TRUE(handover.give({1, 5, {3, 7}}));
    while (!has_got) std::this_thread::yield();  // or this thread might take it itself
    handover.end();
    EXPECT_FALSE(handover.wait(100));
    waiting.join();
    ASSERT_TRUE(got);
    EXPECT_EQ(got->direction, 1);
    EXPECT_EQ(got->step, 5);
    EXPECT_EQ(got->places.first, 3);
    EXPECT_EQ(got->places.last, 7);
    EXPECT_FALSE(got_later);
  }
}

// Under ThreadSanitizer this finds a missing order between giver and taker, too.
TEST(Handover, EverythingIsDoneOnceAndInOrder) {
  constexpr int kThreads = 4, kPlaces = 64, kSteps = 300;
  Handover handover;
  std::atomic<int> given{0};
  for (int pass = 0; pass < 20; ++pass) {
    std::vector<int> steps(kPlaces, 0);  // done, by place
    const auto work = [&](RecurrenceRest rest) {
      for (int step = rest.step; step < kSteps; ++step) {
        for (int place = rest.places.first; place < rest.places.last; ++place) {
          int& done = steps[static_cast<std::size_t>(place)];
          done = done == step ? done + 1 : -kSteps;
        }
        const int middle = (rest.places.first + rest.places.last) / 2;
        if (handover.is_wanted() && rest.places.size() > 1 &&
            handover.give({0, step + 1, {middle, rest.places.last}})) {
          rest.places.last = middle;
          ++given;
        }
      }
      handover.end();
    };
    handover.begin(1);
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        if (i == 0) {
          while (!handover.is_wanted()) std::this_thread::yield();
          work({0, 0, {0, kPlaces}});
        }
        while (const std::optional<RecurrenceRest> rest = handover.wait(1000)) work(*rest);
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const int done : steps) ASSERT_EQ(done, kSteps);
  }
  EXPECT_GE(given, 20);
}

}  // namespace
