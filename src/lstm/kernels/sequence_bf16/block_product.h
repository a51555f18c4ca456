// What a block of sums adds up.
#pragma once

#include "kernels/sequence_bf16/sequence_bf16.h"

namespace lstm::kernels {
namespace {

using bf16::Bf16;

// As in bf16::Product.
struct LeftBlock {
  const Bf16* start;
  std::size_t row, tile, step;
};

// The operand that stays in the first-level cache while many of the other pass by.
enum class Stays { left, right };

// Some rows times a panel, over K = 32 k_tiles.
struct BlockProduct {
  LeftBlock a;
  const Bf16* b;
  int k_tiles;
};
inline int k_tiles_of(const BlockProduct* products, int count) noexcept {
  int sum = 0;
  for (int i = 0; i < count; ++i) sum += products[i].k_tiles;
  return sum;
}

}  // namespace
}  // namespace lstm::kernels
