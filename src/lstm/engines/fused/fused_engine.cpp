#include "engines/fused/fused_engine.h"

#include <algorithm>
#include <array>
#include <vector>

#include "engines/training/column_sums.h"
#include "engines/training/dense_engine.h"
#include "kernels/cell/cell.h"

namespace lstm::engines {
namespace {

std::size_t size(int a, int b) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

class FusedEngine final : public DenseEngine {
 public:
  FusedEngine(const Network& network, const BatchShape& shape, const EngineOptions& options,
              const AdamOptions& adam)
      : DenseEngine("fused", network, shape, options, adam),
        cell_(kernels::select(kernels::cell_variants(), isa()).function),
        directions_(static_cast<std::size_t>(network.layers * network.directions)),
        y_(static_cast<std::size_t>(network.layers)) {
    plan();
    arena_.allocate();
    plan();
  }

  std::string description() const override { return "fused cells, " + kernels_and_threads(gemm().variant()); }

 protected:
  float* x() override { return x_.data(); }
  const float* y() const override { return y_.back().data(); }
  float* dy() override { return dy_of(network().layers - 1); }
  void read_final_state(int layer, int direction, int place, float* h, float* c) const override {
    const int row = batch().end_row(direction, place);
    const auto& y = y_[static_cast<std::size_t>(layer)];
    std::copy_n(y.data() + size(row, width()) + direction * H(), H(), h);
    std::copy_n(direction_at(layer, direction).c.data() + size(row, H()), H(), c);
  }
  PackedRows dx() const override { return {dx_.data(), network().inputs}; }
  std::size_t tensor_bytes() const override { return arena_.bytes(); }

  void forward_layers() override {
    for (int layer = 0; layer < network().layers; ++layer) {
      for (int direction = 0; direction < network().directions; ++direction) {
        forward_direction(layer, direction);
      }
    }
  }

  void backward_layers() override {
    for (int layer = network().layers - 1; layer >= 0; --layer) {
      for (int direction = 0; direction < network().directions; ++direction) {
        backward_direction(layer, direction);
      }
    }
  }

 private:
  // What forward keeps for backward.
  struct Direction {
    std::span<float> gates;  // (N*T, 4H) i, f, g, o; backward turns them into their gradients
    std::span<float> c;      // (N*T, H)
  };

  void plan() {
    const int rows = batch().most_rows();
    x_ = arena_.take<float>(size(rows, network().inputs));
    for (Direction& direction : directions_) {
      direction.gates = arena_.take<float>(size(rows, gates()));
      direction.c = arena_.take<float>(size(rows, H()));
    }
    for (auto& y : y_) y = arena_.take<float>(size(rows, width()));
    for (auto& dy : dy_) dy = arena_.take<float>(size(rows, width()));
    if (has_input_gradients()) dx_ = arena_.take<float>(size(rows, network().inputs));
    dc_ = arena_.take<float>(size(shape().samples, H()));
  }

  int H() const { return network().units; }
  int gates() const { return 4 * network().units; }
  const float* input(int layer) const {
    return layer == 0 ? x_.data() : y_[static_cast<std::size_t>(layer - 1)].data();
  }
  float* dy_of(int layer) { return dy_[static_cast<std::size_t>(layer % 2)].data(); }
  const Direction& direction_at(int layer, int direction) const {
    return directions_[static_cast<std::size_t>(layer * network().directions + direction)];
  }

  void forward_direction(int layer, int direction) {
    const DirectionTensors weights = store().parameters(layer, direction);
    const PackedWeights::Direction packed = packed_weights().at(layer, direction);
    const Direction& kept = direction_at(layer, direction);
    const int inputs = network().layer_inputs(layer);
    float* h = y_[static_cast<std::size_t>(layer)].data() + direction * H();
    for (int k = 0; k < batch().steps(); ++k) {
      const RecurrentStep step = batch().step(direction, k);
      float* step_gates = kept.gates.data() + size(step.row, gates());
      gemm()({.m = step.rows,
              .n = gates(),
              .k = inputs,
              .a = input(layer) + size(step.row, inputs),
              .lda = inputs,
              .packed_b = packed.W,
              .c = step_gates,
              .ldc = gates()});
      if (step.rows_before > 0) {
        gemm()({.m = step.rows_before,
                .n = gates(),
                .k = H(),
                .a = h + size(step.row_before, width()),
                .lda = width(),
                .packed_b = packed.R,
                .c = step_gates,
                .ldc = gates(),
                .beta = 1.0f});
      }
      const int starting = states().has_initial() ? step.rows - step.rows_before : 0;
      if (starting > 0) {
        gemm()({.m = starting,
                .n = gates(),
                .k = H(),
                .a = states().initial_h(layer, direction).at(step.rows_before),
                .lda = H(),
                .packed_b = packed.R,
                .c = step_gates + size(step.rows_before, gates()),
                .ldc = gates(),
                .beta = 1.0f});
      }
      kernels::CellForward cell{.units = H(),
                                .rows_before = step.rows_before,
                                .gates = step_gates,
                                .b_W = weights.b_W,
                                .b_R = weights.b_R,
                                .c_before = kept.c.data() + size(step.row_before, H()),
                                .c = kept.c.data() + size(step.row, H()),
                                .h = h + size(step.row, width()),
                                .h_stride = width()};
      const int continuing = step.rows - starting;
      for_each_rows(0, continuing, [&](int first, int last) { cell_.forward(cell, first, last); });
      if (starting == 0) continue;
      cell.rows_before = step.rows;
      cell.c_before = states().initial_c(layer, direction).data;
      for_each_rows(continuing, step.rows, [&](int first, int last) { cell_.forward(cell, first, last); });
    }
  }

  // The gradient of h from the step that follows is added to dy in place.
  void backward_direction(int layer, int direction) {
    const PackedWeights::Direction weights = packed_weights().at(layer, direction);
    const DirectionTensors gradients = store().gradients(layer, direction);
    const Direction& kept = direction_at(layer, direction);
    const int inputs = network().layer_inputs(layer);
    const float* h = y_[static_cast<std::size_t>(layer)].data() + direction * H();
    float* dh = dy_of(layer) + direction * H();
    begin_from_final_gradients(layer, direction, dh);
    for (int k = batch().steps() - 1; k >= 0; --k) {
      const RecurrentStep step = batch().step(direction, k);
      float* d_gates = kept.gates.data() + size(step.row, gates());
      const int starting = states().has_initial() ? step.rows - step.rows_before : 0;
      const int continuing = step.rows - starting;
      kernels::CellBackward cell{.units = H(),
                                 .rows_before = step.rows_before,
                                 .gates = d_gates,
                                 .c = kept.c.data() + size(step.row, H()),
                                 .c_before = kept.c.data() + size(step.row_before, H()),
                                 .dh = dh + size(step.row, width()),
                                 .dh_stride = width(),
                                 .dc = dc_.data()};
      for_each_rows(0, continuing, [&](int first, int last) { cell_.backward(cell, first, last); });
      if (starting > 0) {
        cell.rows_before = step.rows;
        cell.c_before = states().initial_c(layer, direction).data;
        for_each_rows(continuing, step.rows, [&](int first, int last) { cell_.backward(cell, first, last); });
      }

      add_column_sums(team(), step.rows, gates(), d_gates, gradients.b_W);
      add_weight_gradient(d_gates, step.rows, input(layer) + size(step.row, inputs), inputs, inputs,
                          gradients.W);
      if (layer > 0 || has_input_gradients()) {
        const float is_second = direction == 0 ? 0.0f : 1.0f;
        float* d_input = layer == 0 ? dx_.data() : dy_of(layer - 1);
        add_input_gradient(d_gates, step.rows, weights.W, inputs, is_second, d_input + size(step.row, inputs),
                           inputs);
      }
      if (step.rows_before > 0) {
        add_weight_gradient(d_gates, step.rows_before, h + size(step.row_before, width()), width(), H(),
                            gradients.R);
        add_input_gradient(d_gates, step.rows_before, weights.R, H(), 1.0f,
                           dh + size(step.row_before, width()), width());
      }
      if (starting > 0) {
        const float* d_starting = d_gates + size(continuing, gates());
        add_weight_gradient(d_starting, starting, states().initial_h(layer, direction).at(continuing), H(),
                            H(), gradients.R);
        add_input_gradient(d_starting, starting, weights.R, H(), 0.0f,
                           states().d_initial_h(layer, direction).at(continuing), H());
      }
    }
    if (states().has_initial()) {
      std::copy_n(dc_.begin(), size(batch().samples(), H()), states().d_initial_c(layer, direction).data);
    }
    std::copy_n(gradients.b_W, gates(), gradients.b_R);  // b_W and b_R are added: one gradient for both
  }

  // dc_, and what is added to dh at the ends of the samples.
  void begin_from_final_gradients(int layer, int direction, float* dh) {
    if (!states().has_final_gradients()) {
      std::fill(dc_.begin(), dc_.end(), 0.0f);
      return;
    }
    const StateRows d_h = states().d_final_h(layer, direction);
    std::copy_n(states().d_final_c(layer, direction).data, size(batch().samples(), H()), dc_.begin());
    for (int place = 0; place < batch().samples(); ++place) {
      float* sums = dh + size(batch().end_row(direction, place), width());
      for (int u = 0; u < H(); ++u) sums[u] += d_h.at(place)[u];
    }
  }

  // d_weights (4H, columns) += d_gates^T * input (rows, columns)
  void add_weight_gradient(const float* d_gates, int rows, const float* input, int stride, int columns,
                           float* d_weights) {
    gemm()({.transpose_a = true,
            .m = gates(),
            .n = columns,
            .k = rows,
            .a = d_gates,
            .lda = gates(),
            .b = input,
            .ldb = stride,
            .c = d_weights,
            .ldc = columns,
            .beta = 1.0f});
  }

  // d_input (rows, columns) = beta * d_input + d_gates * packed weights (4H, columns)
  void add_input_gradient(const float* d_gates, int rows, const float* weights, int columns, float beta,
                          float* d_input, int stride) {
    gemm()({.m = rows,
            .n = columns,
            .k = gates(),
            .a = d_gates,
            .lda = gates(),
            .packed_b = weights,
            .c = d_input,
            .ldc = stride,
            .beta = beta});
  }

  template <class Function>
  void for_each_rows(int first_row, int last_row, const Function& function) {
    if (first_row == last_row) return;
    for_each_part(team(), last_row - first_row, kSmallestPointwisePart / gates() + 1,
                  [&](std::int64_t first, std::int64_t last) {
                    function(first_row + static_cast<int>(first), first_row + static_cast<int>(last));
                  });
  }

  kernels::CellFunctions cell_;
  cpu::Arena arena_;
  std::span<float> x_;                  // (N*T, C)
  std::vector<Direction> directions_;   // by layer and direction
  std::vector<std::span<float>> y_;     // by layer (N*T, D*H)
  std::array<std::span<float>, 2> dy_;  // (N*T, D*H) of even and odd layers
  std::span<float> dx_;                 // (N*T, C), or empty
  std::span<float> dc_;                 // (N, H)
};

}  // namespace

std::unique_ptr<Engine> make_fused_engine(const Network& network, const BatchShape& shape,
                                          const EngineOptions& options, const AdamOptions& adam) {
  return std::make_unique<FusedEngine>(network, shape, options, adam);
}

}  // namespace lstm::engines
