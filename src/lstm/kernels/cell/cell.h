// The pointwise part of one LSTM step on a batch, forward and backward, each as one pass over the gates.
//
//   i, f, o = sigmoid(gates + b_W + b_R)   g = tanh(gates + b_W + b_R)
//   c = f c_before + i g                   h = o tanh(c)
//
// Rows are samples; the first rows_before of them come from a step before, the others start with c_before =
// 0. Unless said otherwise matrices are dense and row-major; gate rows hold i, f, g, o, H values each.
#pragma once

#include <span>

#include "kernels/table.h"

namespace lstm::kernels {

struct CellForward {
  int units = 0;                    // H
  int rows_before = 0;              // rows of c_before
  float* gates = nullptr;           // (rows, 4H) in: products with W and R; out: i, f, g, o
  const float* b_W = nullptr;       // (4H)
  const float* b_R = nullptr;       // (4H)
  const float* c_before = nullptr;  // (rows_before, H)
  float* c = nullptr;               // (rows, H) out
  float* h = nullptr;               // (rows, H) out, rows h_stride elements apart
  int h_stride = 0;
};

struct CellBackward {
  int units = 0;                    // H
  int rows_before = 0;              // rows of c_before
  float* gates = nullptr;           // (rows, 4H) in: i, f, g, o; out: gradients of the sums in front of them
  const float* c = nullptr;         // (rows, H)
  const float* c_before = nullptr;  // (rows_before, H)
  const float* dh = nullptr;        // (rows, H) gradient of h, rows dh_stride elements apart
  int dh_stride = 0;
  float* dc = nullptr;  // (rows, H) in: gradient of c from the step after; out: gradient of c_before
};

// Each works on rows first_row..last_row-1.
struct CellFunctions {
  void (*forward)(const CellForward& step, int first_row, int last_row) noexcept;
  void (*backward)(const CellBackward& step, int first_row, int last_row) noexcept;
};

std::span<const Variant<CellFunctions>> cell_variants();

}  // namespace lstm::kernels
