#include "engines/basic/basic_engine.h"

#include <algorithm>
#include <vector>

#include "engines/basic/tape.h"
#include "engines/training/dense_engine.h"
#include "engines/training/parallel.h"

namespace lstm::engines {
namespace {

std::size_t size(int a, int b) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

// What record_step() below records, for a batch of the engine's full shape.
TapeCapacity tape_capacity(const Network& network, const BatchShape& shape) {
  constexpr std::size_t kOperations = 18;  // in a step
  constexpr std::size_t kTemporary = 22;   // times H for each row: five sums of the four gates, f c', i g
  constexpr std::size_t kKept = 5;         // i, f, g, o, tanh(c)
  const std::size_t steps = size(network.layers * network.directions, shape.time_steps);
  const std::size_t in_step = size(shape.samples, network.units);
  return {.operations = kOperations * steps,
          .temporary_in_step = kTemporary * in_step,
          .kept_in_step = kKept * in_step,
          .kept_in_all = kKept * in_step * steps,
          .carried_in_all = in_step * steps};
}

class BasicEngine final : public DenseEngine {
 public:
  BasicEngine(const Network& network, const BatchShape& shape, const EngineOptions& options,
              const AdamOptions& adam)
      : DenseEngine("basic", network, shape, options, adam),
        tape_(tape_capacity(network, shape), isa(), team(), gemm()),
        y_(static_cast<std::size_t>(network.layers)),
        dy_(y_.size()) {
    plan();
    arena_.allocate();
    plan();
  }

  std::string description() const override {
    return "operations on a tape, " + kernels_and_threads(gemm().variant());
  }

 protected:
  float* x() override { return x_.data(); }
  const float* y() const override { return y_.back().data(); }
  float* dy() override { return dy_.back().data(); }
  void read_final_state(int layer, int direction, int place, float* h, float* c) const override {
    const int H = network().units;
    const float* y = y_[static_cast<std::size_t>(layer)].data();
    std::copy_n(y + size(batch().end_row(direction, place), width()) + direction * H, H, h);
    std::copy_n(states().final_c(layer, direction).at(place), H, c);
  }
  PackedRows dx() const override { return {dx_.data(), network().inputs}; }
  std::size_t tensor_bytes() const override { return arena_.bytes() + tape_.bytes(); }

  void forward_layers() override {
    tape_.clear();
    for (int layer = 0; layer < network().layers; ++layer) {
      for (int direction = 0; direction < network().directions; ++direction) {
        record_direction(layer, direction);
      }
    }
  }

  void backward_layers() override {
    for (std::size_t layer = 0; layer + 1 < dy_.size(); ++layer) {
      std::fill_n(dy_[layer].begin(), size(batch().rows(), width()), 0.0f);
    }
    std::fill(dx_.begin(), dx_.end(), 0.0f);
    begin_states();
    tape_.differentiate();
  }

 private:
  // Gradients of initial states are sums, those of final ones of h are part of dy.
  void begin_states() {
    const int N = batch().samples(), H = network().units;
    for (int layer = 0; layer < network().layers; ++layer) {
      for (int d = 0; d < network().directions; ++d) {
        for (const StateRows sums : {states().d_initial_h(layer, d), states().d_initial_c(layer, d)})
          std::fill_n(sums.data, size(N, H), 0.0f);
        if (!states().has_final_gradients()) continue;
        float* dy = dy_[static_cast<std::size_t>(layer)].data() + d * H;
        for (int place = 0; place < N; ++place) {
          const float* d_h = states().d_final_h(layer, d).at(place);
          float* sums = dy + size(batch().end_row(d, place), width());
          for (int u = 0; u < H; ++u) sums[u] += d_h[u];
        }
      }
    }
  }

  // One direction of one layer: its parameters with their gradients.
  struct Weights {
    Tensor W, R, b_W, b_R;
  };

  void plan() {
    const int rows = batch().most_rows();
    x_ = arena_.take<float>(size(rows, network().inputs));
    if (has_input_gradients()) dx_ = arena_.take<float>(size(rows, network().inputs));
    for (auto& y : y_) y = arena_.take<float>(size(rows, width()));
    for (auto& dy : dy_) dy = arena_.take<float>(size(rows, width()));
  }

  Weights weights_of(int layer, int direction) const {
    const DirectionTensors values = store().parameters(layer, direction);
    const DirectionTensors gradients = store().gradients(layer, direction);
    const PackedWeights::Direction packed = packed_weights().at(layer, direction);
    const int H = network().units, inputs = network().layer_inputs(layer);
    return {{values.W, gradients.W, 4 * H, inputs, inputs, packed.W},
            {values.R, gradients.R, 4 * H, H, H, packed.R},
            {values.b_W, gradients.b_W, 1, 4 * H, 4 * H},
            {values.b_R, gradients.b_R, 1, 4 * H, 4 * H}};
  }

  // The rows of a layer's input, or of one direction's part of its output.
  Tensor input_rows(int layer, int row, int rows) {
    if (layer > 0) return output_rows(layer - 1, row, rows);
    const int C = network().inputs;
    const std::size_t first = size(row, C);
    return {x_.data() + first, dx_.empty() ? nullptr : dx_.data() + first, rows, C, C};
  }
  Tensor output_rows(int layer, int row, int rows) {
    const std::size_t first = size(row, width());
    const auto i = static_cast<std::size_t>(layer);
    return {y_[i].data() + first, dy_[i].data() + first, rows, width(), width()};
  }

  void record_direction(int layer, int direction) {
    const Weights weights = weights_of(layer, direction);
    const int H = network().units;
    Tensor c;  // of the step before
    for (int k = 0; k < batch().steps(); ++k) {
      const RecurrentStep step = batch().step(direction, k);
      const Tensor h_before =
          output_rows(layer, step.row_before, step.rows_before).column_range(direction * H, H);
      const Tensor h = output_rows(layer, step.row, step.rows).column_range(direction * H, H);
      Tensor h_start, c_start;  // of the rows behind
      if (states().has_initial() && step.rows > step.rows_before) {
        const auto start = [&](const StateRows& value, const StateRows& gradient) {
          return Tensor{value.data, gradient.data, batch().samples(), H, H}.row_range(
              step.rows_before, step.rows - step.rows_before);
        };
        h_start = start(states().initial_h(layer, direction), states().d_initial_h(layer, direction));
        c_start = start(states().initial_c(layer, direction), states().d_initial_c(layer, direction));
      }
      c = record_step(weights, input_rows(layer, step.row, step.rows), h_before,
                      c.first_rows(step.rows_before), h_start, c_start, h);
      // Of the samples that end at this step.
      const int going_on = direction == 0 ? batch().active(step.t + 1) : step.t > 0 ? step.rows : 0;
      if (going_on == step.rows) continue;
      const StateRows final_c = states().final_c(layer, direction);
      std::copy_n(c.value + size(going_on, H), size(step.rows - going_on, H), final_c.at(going_on));
      tape_.add_gradient(c.row_range(going_on, step.rows - going_on),
                         states().d_final_c(layer, direction).at(going_on));
    }
  }

  // Returns c. The rows of h_before and c_before are the first of the step; the others start from h_start and
  // c_start, or from zero where these have no rows.
  Tensor record_step(const Weights& weights, Tensor x, Tensor h_before, Tensor c_before, Tensor h_start,
                     Tensor c_start, Tensor h) {
    const int rows = x.rows, H = network().units;
    const auto sums = [&] { return tape_.temporary(rows, 4 * H); };
    const auto gate = [&] { return tape_.kept(rows, H); };

    Tensor gates = tape_.add_bias(tape_.matrix_product(x, weights.W, sums()), weights.b_W, sums());
    const int continuing = h_before.rows, states_before = continuing + h_start.rows;
    if (states_before > 0) {
      const Tensor recurrent = tape_.temporary(states_before, 4 * H);
      if (continuing > 0) tape_.matrix_product(h_before, weights.R, recurrent.first_rows(continuing));
      if (h_start.rows > 0)
        tape_.matrix_product(h_start, weights.R, recurrent.row_range(continuing, h_start.rows));
      gates = tape_.add(gates, recurrent, sums());
    }
    gates = tape_.add_bias(gates, weights.b_R, sums());

    const Tensor i = tape_.sigmoid(gates.column_range(0, H), gate());
    const Tensor f = tape_.sigmoid(gates.column_range(H, H), gate());
    const Tensor g = tape_.tanh(gates.column_range(2 * H, H), gate());
    const Tensor o = tape_.sigmoid(gates.column_range(3 * H, H), gate());

    Tensor remembered;
    if (states_before > 0) {
      remembered = tape_.temporary(states_before, H);
      if (continuing > 0)
        tape_.multiply(f.first_rows(continuing), c_before, remembered.first_rows(continuing));
      if (c_start.rows > 0) {
        tape_.multiply(f.row_range(continuing, c_start.rows), c_start,
                       remembered.row_range(continuing, c_start.rows));
      }
    }
    const Tensor added = tape_.multiply(i, g, tape_.temporary(rows, H));
    const Tensor c = tape_.add(added, remembered, tape_.carried(rows, H));
    tape_.multiply(o, tape_.tanh(c, gate()), h);
    tape_.end_step();
    return c;
  }

  Tape tape_;
  cpu::Arena arena_;
  std::span<float> x_, dx_;           // (N*T, C); dx_ may be empty
  std::vector<std::span<float>> y_;   // by layer (N*T, D*H)
  std::vector<std::span<float>> dy_;  // by layer (N*T, D*H)
};

}  // namespace

std::unique_ptr<Engine> make_basic_engine(const Network& network, const BatchShape& shape,
                                          const EngineOptions& options, const AdamOptions& adam) {
  return std::make_unique<BasicEngine>(network, shape, options, adam);
}

}  // namespace lstm::engines
