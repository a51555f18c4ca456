// The gates of one time step in one pass: a thread has one unit of one sample.
#pragma once

#include "cuda/kernels/cell.h"
#include "cuda/kernels/element.h"
#include "cuda/math/cell.h"
#include "cuda/math/numbers.h"

namespace lstm::cuda {

template <class T>
__global__ void cell_forward_kernel(CellForward<T> step) {
  const long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
  const Element at = element(i, step.units);
  const long long row = at.row;
  const int H = step.units, u = at.column;
  if (row >= step.rows) return;
  const float* sums = step.sums + row * 4 * H + u;
  const auto sum = [&](int gate) {
    return sums[gate * H] + (step.b_W[gate * H + u] + step.b_R[gate * H + u]);
  };
  const Gates gates = activate({sum(0), sum(1), sum(2), sum(3)});
  const float c_before = row < step.rows_before ? step.c_before[row * H + u] : 0.0f;
  const CellState state = next_state(gates, c_before);
  T* kept = step.gates + row * 4 * H + u;
  kept[0] = rounded<T>(gates.i);
  kept[H] = rounded<T>(gates.f);
  kept[2 * H] = rounded<T>(gates.g);
  kept[3 * H] = rounded<T>(gates.o);
  step.c[row * H + u] = state.c;
  step.h[row * step.h_stride + u] = rounded<T>(state.h);
}

template <class T>
__global__ void cell_backward_kernel(CellBackward<T> step) {
  const long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
  const Element at = element(i, step.units);
  const long long row = at.row;
  const int H = step.units, u = at.column;
  if (row >= step.rows) return;
  T* kept = step.gates + row * 4 * H + u;
  const Gates gates{to_float(kept[0]), to_float(kept[H]), to_float(kept[2 * H]), to_float(kept[3 * H])};
  const long long own = row * H + u;
  const float c_before = row < step.rows_before ? step.c_before[own] : 0.0f;
  const float dh = step.dh[row * step.dh_stride + u];
  const CellGradient d = cell_gradient(gates, step.c[own], c_before, dh, step.dc[own]);
  kept[0] = rounded<T>(d.d_sums.i);
  kept[H] = rounded<T>(d.d_sums.f);
  kept[2 * H] = rounded<T>(d.d_sums.g);
  kept[3 * H] = rounded<T>(d.d_sums.o);
  step.dc[own] = d.dc_before;
}

}  // namespace lstm::cuda
