// Products of rows with panels. Included after one of block_*.h.
#pragma once

#include "kernels/sequence_bf16/sequence_bf16.h"

namespace lstm::kernels {
namespace {

constexpr int kBlockRows = Multiplier::kMostRows;

inline int smaller(int a, int b) noexcept {
  return a < b ? a : b;
}

// K in pieces, so that the rows of a block of the left operand (or a panel) stay in the first-level cache
// while panels (or rows) pass by.
constexpr int kPieceTiles = 12;  // of all parts

template <int kParts>
void multiply(const bf16::Product& p) noexcept {
  Multiplier multiplier;
  constexpr int kStep = kParts * bf16::kStepElements;
  const std::size_t panel_size = static_cast<std::size_t>(p.k_tiles) * kStep;
  const int pieces = (kParts * p.k_tiles + kPieceTiles - 1) / kPieceTiles;
  const auto block = [&](int first, int panel, int piece) {
    const auto row = static_cast<std::size_t>(first);
    const auto first_k = static_cast<std::size_t>(p.k_tiles * piece / pieces);
    const int k_tiles = p.k_tiles * (piece + 1) / pieces - static_cast<int>(first_k);
    const int rows = smaller(p.rows - first, kBlockRows);
    const LeftBlock a{p.a + row / 16 * p.a_tile + first_k * p.a_step, p.a_row, p.a_tile, p.a_step};
    const Bf16* b = p.b + static_cast<std::size_t>(panel) * panel_size + first_k * kStep;
    float* c = p.c + static_cast<std::size_t>(panel / 2) * p.c_pair + row * p.c_row +
               panel % 2 * bf16::kPanelColumns;
    const bool accumulates = p.accumulates || piece > 0;
    multiplier.block<kParts>(rows, k_tiles, a, b, c, p.c_row, accumulates, [] {});
  };
  if (p.is_weight_gradient) {
    for (int first = 0; first < p.rows; first += kBlockRows) {
      for (int piece = 0; piece < pieces; ++piece) {
        for (int panel = 0; panel < p.panels; ++panel) block(first, panel, piece);
      }
    }
    return;
  }
  for (int panel = 0; panel < p.panels; ++panel) {
    for (int piece = 0; piece < pieces; ++piece) {
      for (int first = 0; first < p.rows; first += kBlockRows) block(first, panel, piece);
    }
  }
}

}  // namespace
}  // namespace lstm::kernels
