#include "cpu/memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <new>
#include <utility>

#include "cpu/available_memory.h"

namespace lstm::cpu {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

TEST(Memory, IsZeroedAlignedAndWritableToItsEnd) {
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{64}, std::size_t{1000}, kHugePage - 1,
                                  kHugePage, kHugePage + 1, 3 * kHugePage + 12345}) {
    for (int repeat = 0; repeat < 2; ++repeat) {  // the second may get what the first left dirty
      Memory memory(bytes);
      ASSERT_EQ(memory.size(), bytes);
      const std::size_t alignment = bytes >= kHugePage ? kHugePage : 64;
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory.data()) % alignment, 0u) << bytes;
      EXPECT_TRUE(
          std::all_of(memory.data(), memory.data() + bytes, [](std::byte b) { return b == std::byte{0}; }));
      std::fill_n(memory.data(), bytes, std::byte{0xff});
    }
  }
}

TEST(Memory, MovesWithoutCopying) {
  Memory first(kHugePage);
  std::byte* const data = first.data();
  Memory second = std::move(first);
  EXPECT_EQ(second.data(), data);
  EXPECT_EQ(first.data(), nullptr);
  Memory third;
  third = std::move(second);
  EXPECT_EQ(third.data(), data);
  EXPECT_EQ(third.size(), kHugePage);
}

TEST(Memory, OfNothingIsEmpty) {
  EXPECT_EQ(Memory(0).data(), nullptr);
  EXPECT_EQ(Memory().size(), 0u);
}

TEST(Memory, BeyondTheMachineThrowsAtOnce) {
  const std::size_t available = available_memory();
  ASSERT_LT(available, std::numeric_limits<std::size_t>::max() / 4);
  EXPECT_GT(available, std::size_t{1} << 20);
  EXPECT_THROW(Memory(available * 2), std::bad_alloc);
  EXPECT_THROW(Memory(std::size_t{1} << 60), std::bad_alloc);
  EXPECT_THROW(Memory(std::numeric_limits<std::size_t>::max()), std::bad_alloc);
}

TEST(Arena, GivesDisjointAlignedPartsOfOneBlock) {
  Arena arena;
  std::span<float> a, b;
  std::span<char> c;
  const auto plan = [&] {
    a = arena.take<float>(3);
    c = arena.take<char>(65);
    b = arena.take<float>(100);
  };
  plan();
  EXPECT_EQ(a.data(), nullptr);
  arena.allocate();
  plan();
  EXPECT_EQ(arena.bytes(), 64u + 128u + 448u);
  const auto address = [](const auto& span) { return reinterpret_cast<std::uintptr_t>(span.data()); };
  for (const std::uintptr_t start : {address(a), address(b), address(c)}) EXPECT_EQ(start % 64, 0u);
  EXPECT_EQ(address(c) - address(a), 64u);
  EXPECT_EQ(address(b) - address(c), 128u);
  EXPECT_EQ(a.size(), 3u);
  EXPECT_EQ(b.size(), 100u);
}

}  // namespace
}  // namespace lstm::cpu
