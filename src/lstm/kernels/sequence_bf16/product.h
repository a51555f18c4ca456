// Products of rows with panels. Included after one of block_*.h.
#pragma once

#include "kernels/sequence_bf16/sequence_bf16.h"

namespace lstm::kernels {
namespace {

constexpr int kBlockRows = 32;

inline int smaller(int a, int b) noexcept {
  return a < b ? a : b;
}

void multiply(const bf16::Product& p) noexcept {
  Multiplier multiplier;
  const std::size_t panel_size = static_cast<std::size_t>(p.k_tiles) * bf16::kStepElements;
  const auto block = [&](int first, int panel) {
    const auto row = static_cast<std::size_t>(first);
    float* c = p.c + static_cast<std::size_t>(panel / 2) * p.c_pair + row * p.c_row +
               panel % 2 * bf16::kPanelColumns;
    multiplier.block(smaller(p.rows - first, kBlockRows), p.k_tiles,
                     LeftBlock{p.a + row / 16 * p.a_tile, p.a_row, p.a_tile, p.a_step},
                     p.b + static_cast<std::size_t>(panel) * panel_size, c, p.c_row, p.accumulates, [] {});
  };
  if (p.is_weight_gradient) {
    for (int first = 0; first < p.rows; first += kBlockRows) {
      for (int panel = 0; panel < p.panels; ++panel) block(first, panel);
    }
  } else {
    for (int panel = 0; panel < p.panels; ++panel) {
      for (int first = 0; first < p.rows; first += kBlockRows) block(first, panel);
    }
  }
}

}  // namespace
}  // namespace lstm::kernels
