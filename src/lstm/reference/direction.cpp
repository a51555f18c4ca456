#include "reference/direction.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "reference/matrix.h"

namespace lstm::reference {
namespace {

using Index = std::ptrdiff_t;

double sigmoid(double x) {
  return 1.0 / (1.0 + std::exp(-x));
}

// The k-th step in the order of the recurrence.
Index step_at(const DirectionShape& shape, int steps, int k) {
  return shape.is_reverse ? steps - 1 - k : k;
}

}  // namespace

void forward_direction(const DirectionShape& shape, const DirectionWeights& weights, int steps,
                       const double* x, const InitialState& initial, double* gates, double* c, double* y) {
  const Index H = shape.units;
  const int gate_count = 4 * shape.units;
  for (Index t = 0; t < steps; ++t) {
    for (Index j = 0; j < gate_count; ++j) gates[t * gate_count + j] = weights.b_W[j] + weights.b_R[j];
  }
  add_product(steps, gate_count, shape.inputs, x, weights.W_transposed, gates);

  const double* h_before = initial.h;
  const double* c_before = initial.c;
  for (int k = 0; k < steps; ++k) {
    const Index t = step_at(shape, steps, k);
    double* gate = gates + t * gate_count;
    add_product(1, gate_count, shape.units, h_before, weights.R_transposed, gate);
    double *i = gate, *f = gate + H, *g = gate + 2 * H, *o = gate + 3 * H;
    for (Index u = 0; u < H; ++u) {
      i[u] = sigmoid(i[u]);
      f[u] = sigmoid(f[u]);
      g[u] = std::tanh(g[u]);
      o[u] = sigmoid(o[u]);
      c[t * H + u] = f[u] * c_before[u] + i[u] * g[u];
      y[t * shape.y_stride + u] = o[u] * std::tanh(c[t * H + u]);
    }
    h_before = y + t * shape.y_stride;
    c_before = c + t * H;
  }
}

void backward_direction(const DirectionShape& shape, const DirectionWeights& weights, int steps,
                        const double* x, const InitialState& initial, const double* gates, const double* c,
                        const double* y, const double* dy, double* d_gates, double* h_before, double* dh,
                        double* dc, double* dx, const DirectionGradients& gradients) {
  const Index H = shape.units;
  const int gate_count = 4 * shape.units;
  // dh and dc are those of the step that comes next in this loop.
  for (int k = steps - 1; k >= 0; --k) {
    const Index t = step_at(shape, steps, k);
    const Index before = step_at(shape, steps, k - 1);
    const double* i = gates + t * gate_count;
    const double *f = i + H, *g = i + 2 * H, *o = i + 3 * H;
    double* di = d_gates + t * gate_count;
    double *df = di + H, *dg = di + 2 * H, *d_o = di + 3 * H;
    for (Index u = 0; u < H; ++u) {
      const double c_before = k > 0 ? c[before * H + u] : initial.c[u];
      h_before[t * H + u] = k > 0 ? y[before * shape.y_stride + u] : initial.h[u];
      const double tanh_c = std::tanh(c[t * H + u]);
      dh[u] += dy[t * shape.y_stride + u];
      dc[u] += dh[u] * o[u] * (1 - tanh_c * tanh_c);
      // By the sums in front of the activations: sigmoid' = s (1 - s), tanh' = 1 - tanh^2.
      di[u] = dc[u] * g[u] * i[u] * (1 - i[u]);
      df[u] = dc[u] * c_before * f[u] * (1 - f[u]);
      dg[u] = dc[u] * i[u] * (1 - g[u] * g[u]);
      d_o[u] = dh[u] * tanh_c * o[u] * (1 - o[u]);
      dc[u] *= f[u];
    }
    std::fill_n(dh, H, 0.0);
    add_product(1, shape.units, gate_count, di, weights.R, dh);
  }

  add_transposed_product(gate_count, shape.inputs, steps, d_gates, x, gradients.W);
  add_transposed_product(gate_count, shape.units, steps, d_gates, h_before, gradients.R);
  for (Index t = 0; t < steps; ++t) {
    for (Index j = 0; j < gate_count; ++j) {
      gradients.b_W[j] += d_gates[t * gate_count + j];
      gradients.b_R[j] += d_gates[t * gate_count + j];
    }
  }
  if (dx != nullptr) add_product(steps, shape.inputs, gate_count, d_gates, weights.W, dx);
}

}  // namespace lstm::reference
