#include <cmath>
#include <cstddef>

#include "kernels/cell/cell_variants.h"

namespace lstm::kernels {
namespace {

float sigmoid(float x) {
  return 1.0f / (1.0f + std::exp(-x));
}

}  // namespace

void cell_forward_ref(const CellForward& step, int first_row, int last_row) noexcept {
  const std::ptrdiff_t H = step.units;
  for (std::ptrdiff_t row = first_row; row < last_row; ++row) {
    float* gate = step.gates + row * 4 * H;
    for (std::ptrdiff_t u = 0; u < H; ++u) {
      const auto sum = [&](std::ptrdiff_t j) { return gate[j] + (step.b_W[j] + step.b_R[j]); };
      const float i = sigmoid(sum(u)), f = sigmoid(sum(H + u));
      const float g = std::tanh(sum(2 * H + u)), o = sigmoid(sum(3 * H + u));
      const float c_before = row < step.rows_before ? step.c_before[row * H + u] : 0.0f;
      const float c = f * c_before + i * g;
      gate[u] = i;
      gate[H + u] = f;
      gate[2 * H + u] = g;
      gate[3 * H + u] = o;
      step.c[row * H + u] = c;
      step.h[row * step.h_stride + u] = o * std::tanh(c);
    }
  }
}

void cell_backward_ref(const CellBackward& step, int first_row, int last_row) noexcept {
  const std::ptrdiff_t H = step.units;
  for (std::ptrdiff_t row = first_row; row < last_row; ++row) {
    float* gate = step.gates + row * 4 * H;
    for (std::ptrdiff_t u = 0; u < H; ++u) {
      const float i = gate[u], f = gate[H + u], g = gate[2 * H + u], o = gate[3 * H + u];
      const float c_before = row < step.rows_before ? step.c_before[row * H + u] : 0.0f;
      const float tanh_c = std::tanh(step.c[row * H + u]);
      const float dh = step.dh[row * step.dh_stride + u];
      const float dc = step.dc[row * H + u] + dh * o * (1 - tanh_c * tanh_c);
      gate[u] = dc * g * i * (1 - i);
      gate[H + u] = dc * c_before * f * (1 - f);
      gate[2 * H + u] = dc * i * (1 - g * g);
      gate[3 * H + u] = dh * tanh_c * o * (1 - o);
      step.dc[row * H + u] = dc * f;
    }
  }
}

}  // namespace lstm::kernels
