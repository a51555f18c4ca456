// What a block of sums adds up.
#pragma once

#include "kernels/sequence/unroll.h"
#include "kernels/sequence_bf16/sequence_bf16.h"

namespace lstm::kernels {
namespace {

using bf16::Bf16;

// The operand that stays in the first-level cache while many of the other pass by.
enum class Stays { left, right };

// At each of its turns a block's product calls between(products). That calls products(Constant<0>) to
// products(Constant<3>), once each and in this order, and does other work meanwhile.
constexpr int kProductsOfTurn = 4;

struct NoProducts {
  template <int kProduct>
  LSTM_INLINE void operator()(Constant<kProduct>) const noexcept {}
};
template <class Products>
LSTM_INLINE inline void do_all(Products products) noexcept {
  unroll<kProductsOfTurn>(products);
}

// Some rows times a panel, over K = 32 k_tiles.
struct BlockProduct {
  bf16::ConstRows a;
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
