// That the emulation finds what it is there to find: each body here has one fault, and one like it has none.
#include "lstm/cuda/persistent/emulated_group.h"

#include <gtest/gtest.h>

#include <cmath>

namespace lstm::cuda::persistent::emulation {
namespace {

using Lane = Group::Lane;

std::string fault_of(const std::function<void(Lane&)>& body, int blocks = 2, bool is_cluster = true) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    try {
      Group group({.blocks = blocks,
                   .threads = 32,
                   .shared_bytes = 1024,
                   .inbox_bytes = 64,
                   .is_cluster = is_cluster,
                   .seed = seed});
      group.run(0, body);
    } catch (const std::runtime_error& fault) {
      return fault.what();
    }
  }
  return "none";
}

void expect_fault(const std::string& fault, const std::string& expected) {
  EXPECT_NE(fault.find(expected), std::string::npos) << "found: " << fault;
}

int neighbour(const Lane& lane) {
  return (lane.thread() + 1) % lane.threads();
}

TEST(EmulatedGroup, FindsAMissingBlockBarrier) {
  const auto body = [](Lane& lane, bool has_barrier) {
    lane.store(4 * lane.thread(), 1.0f);
    if (has_barrier) lane.sync_block();
    lane.load<float>(4 * neighbour(lane));
  };
  EXPECT_EQ(fault_of([&](Lane& lane) { body(lane, true); }), "none");
  EXPECT_NE(fault_of([&](Lane& lane) { body(lane, false); }), "none");
}

TEST(EmulatedGroup, FindsAWriteThatOthersMayStillRead) {
  const auto body = [](Lane& lane, bool has_barrier) {
    lane.store(4 * lane.thread(), 1.0f);
    lane.sync_block();
    lane.load<float>(4 * neighbour(lane));
    if (has_barrier) lane.sync_block();
    lane.store(4 * lane.thread(), 2.0f);
  };
  EXPECT_EQ(fault_of([&](Lane& lane) { body(lane, true); }), "none");
  expect_fault(fault_of([&](Lane& lane) { body(lane, false); }), "race: ");
}

// Shuffles make threads meet, but order no memory.
TEST(EmulatedGroup, DoesNotTakeAShuffleForABarrier) {
  expect_fault(fault_of([](Lane& lane) {
                 lane.store(4 * lane.thread(), 1.0f);
                 lane.shuffle(1.0f, 0);
                 lane.load<float>(4 * neighbour(lane));
               }),
               "without having waited");
}

TEST(EmulatedGroup, FindsMemoryThatNobodyWrote) {
  expect_fault(fault_of([](Lane& lane) { lane.load<float>(0); }), "nobody has written");
  expect_fault(fault_of([](Lane& lane) { lane.store(1024, 1.0f); }), "byte 1024 of 1024");
  expect_fault(fault_of([](Lane& lane) { lane.store(8, Words{}); }), "not aligned");
}

// Each block sends 16 bytes to each other block, `uses` times, into alternating places.
struct Exchange {
  int uses = 3, armed_bytes = 32;
  bool waits = true, alternates = true, meets_between = false;

  void operator()(Lane& lane) const {
    lane.open(0, 64);
    for (int use = 0; use < uses; ++use) {
      const int place = alternates ? use % 2 : 0;
      if (lane.thread() == 0) {
        // Two barriers, each armed for its next use.
        lane.arm(place, armed_bytes);
        for (int rank = 0; rank < 2; ++rank)
          lane.send_if(true, lane.peer(rank), 32 * place + 16 * lane.rank(), Words{}, place);
      }
      lane.commit(place);
      if (waits) lane.wait(place, alternates ? use / 2 : use);
      lane.load_inbox<float>(32 * place + 16 * (1 - lane.rank()));
      lane.sync_block();
    }
    lane.close();
  }
};

TEST(EmulatedGroup, FindsAnInboxThatIsReadTooEarly) {
  for (const bool is_cluster : {true, false}) {
    EXPECT_EQ(fault_of(Exchange(), 2, is_cluster), "none");
    Exchange hasty;
    hasty.waits = false;
    EXPECT_NE(fault_of(hasty, 2, is_cluster), "none");
  }
}

TEST(EmulatedGroup, FindsAnInboxThatIsOverwrittenTooEarly) {
  for (const bool is_cluster : {true, false}) {
    Exchange cramped;
    cramped.alternates = false;
    expect_fault(fault_of(cramped, 2, is_cluster), "race: ");
  }
}

TEST(EmulatedGroup, FindsBytesThatNobodySends) {
  Exchange greedy;
  greedy.armed_bytes = 48;
  expect_fault(fault_of(greedy), "deadlock");
}

TEST(EmulatedGroup, FindsBytesThatNobodyExpects) {
  Exchange frugal;
  frugal.armed_bytes = 16;
  EXPECT_NE(fault_of(frugal), "none");
}

TEST(EmulatedGroup, FindsThreadsThatDoNotMeet) {
  expect_fault(fault_of([](Lane& lane) {
                 if (lane.thread() > 0) lane.sync_block();
               }),
               "deadlock");
  expect_fault(fault_of([](Lane& lane) {
                 float c[4] = {};
                 if (lane.thread() % 2 == 0) {
                   lane.shuffle(1.0f, 0);
                 } else {
                   lane.mma<Arithmetic::tf32>(c, {0, 0, 0, 0}, 0, 0);
                 }
               }),
               "different collectives");
}

// C = A B with numbers that every format holds: A(i, k) = i + 1 where k = i % inner, B(k, n) = k + 10 n.
template <Arithmetic arithmetic>
void expect_product() {
  constexpr bool is_half = arithmetic != Arithmetic::tf32;
  const int inner = is_half ? 16 : 8;
  EXPECT_EQ(fault_of(
                [&](Lane& lane) {
                  const int group = lane.thread() / 4, in_group = lane.thread() % 4;
                  const auto a = [&](int row, int column) {
                    return row % inner == column ? static_cast<float>(row + 1) : 0.0f;
                  };
                  const auto b = [&](int row, int column) { return static_cast<float>(row + 10 * column); };
                  std::uint32_t A[4], B[2];
                  // 32-bit columns: two of 16 bits, or one.
                  const auto word = [&](const auto& matrix, int fixed, int column, bool is_a) {
                    const auto at = [&](int k) { return is_a ? matrix(fixed, k) : matrix(k, fixed); };
                    if constexpr (is_half) {
                      return Lane::to_pair<StoredAs<arithmetic>>(at(2 * column), at(2 * column + 1));
                    } else {
                      return Lane::to_tf32(at(column));
                    }
                  };
                  for (int i = 0; i < 4; ++i) A[i] = word(a, group + i % 2 * 8, in_group + i / 2 * 4, true);
                  for (int i = 0; i < 2; ++i) B[i] = word(b, group, in_group + 4 * i, false);
                  float c[4] = {1, 1, 1, 1};
                  lane.mma<arithmetic>(c, A, B[0], B[1]);
                  for (int i = 0; i < 4; ++i) {
                    const int row = group + i / 2 * 8, column = 2 * in_group + i % 2;
                    const float expected = 1 + static_cast<float>((row + 1) * (row % inner + 10 * column));
                    if (c[i] != expected) throw std::runtime_error("wrong product");
                  }
                },
                1),
            "none");
}

TEST(EmulatedGroup, MultipliesMatrices) {
  expect_product<Arithmetic::tf32>();
  expect_product<Arithmetic::bf16>();
  expect_product<Arithmetic::fp16>();
}

}  // namespace
}  // namespace lstm::cuda::persistent::emulation
