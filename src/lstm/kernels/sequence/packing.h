// Copies between the layouts of sequence.h. Included after tile.h.
#pragma once

#include "kernels/sequence/sequence.h"

namespace lstm::kernels {
namespace {

// One element of [first | second | 1].
inline float packed_value(const PackRows& p, int row, int column) noexcept {
  if (column < p.first_columns) return p.first[row][column];
  column -= p.first_columns;
  if (column == p.second_columns) return 1.0f;
  return p.second[row] == nullptr ? 0.0f : p.second[row][column];
}

void pack_rows(const PackRows& p) noexcept {
  for (int m = p.begin; m < p.end; m += kTileRows) {
    const int height = p.end - m < kTileRows ? p.end - m : kTileRows;
    float* to = p.packed + static_cast<std::size_t>(m - p.begin) * p.rows;
    const bool all_first = height == kTileRows && m + kTileRows <= p.first_columns;
    const bool all_second =
        height == kTileRows && m >= p.first_columns && m + kTileRows <= p.first_columns + p.second_columns;
    if (all_first || all_second) {
      const int column = all_first ? m : m - p.first_columns;
      const float* const* rows = all_first ? p.first : p.second;
      for (int k = 0; k < p.rows; ++k, to += kTileRows) {
        if (rows[k] == nullptr) {
          for (int r = 0; r < kTileRows; ++r) to[r] = 0.0f;
        } else {
          __builtin_memcpy(to, rows[k] + column, kTileRows * sizeof(float));
        }
      }
    } else {
      for (int k = 0; k < p.rows; ++k, to += kTileRows) {
        for (int r = 0; r < kTileRows; ++r) to[r] = r < height ? packed_value(p, k, m + r) : 0.0f;
      }
    }
  }
}

// Walks over blocks of kBlock units x kBlock columns: body(matrix, rows, columns, packed), with `matrix` the
// block's first element, and `packed` where its first column's units lie.
template <class Body>
inline void for_gate_blocks(const PackGates& p, Body body) noexcept {
  for (int block = p.first_block; block < p.first_block + p.unit_blocks; ++block) {
    const int unit = block * kBlock;
    const int rows = p.units - unit < kBlock ? p.units - unit : kBlock;
    for (int gate = 0; gate < 4; ++gate) {
      for (int column = 0; column < p.columns; column += kBlock) {
        const int columns = p.columns - column < kBlock ? p.columns - column : kBlock;
        const std::size_t row = static_cast<std::size_t>(gate) * p.units + unit;
        const std::size_t packed_row =
            static_cast<std::size_t>(block) * p.packed_rows + p.first_packed_row + column;
        body(p.matrix + row * p.matrix_row + column, rows, columns,
             p.packed + packed_row * kGateColumns + gate * kBlock);
      }
    }
  }
}

void pack_gates(const PackGates& p) noexcept {
  for_gate_blocks(p, [&](const float* matrix, int rows, int columns, float* packed) {
    Vector block[kBlock];
    for (int r = 0; r < kBlock; ++r) {
      block[r] = r < rows ? Vector::load_part(matrix + r * p.matrix_row, columns) : Vector::all(0.0f);
    }
    transpose(block);
    for (int c = 0; c < columns; ++c) block[c].store(packed + static_cast<std::size_t>(c) * kGateColumns);
  });
}

void unpack_gates(const PackGates& p) noexcept {
  for_gate_blocks(p, [&](float* matrix, int rows, int columns, const float* packed) {
    Vector block[kBlock];
    for (int c = 0; c < kBlock; ++c) {
      block[c] =
          c < columns ? Vector::load(packed + static_cast<std::size_t>(c) * kGateColumns) : Vector::all(0.0f);
    }
    transpose(block);
    for (int r = 0; r < rows; ++r) block[r].store_part(matrix + r * p.matrix_row, columns);
  });
}

}  // namespace
}  // namespace lstm::kernels
