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
  constexpr std::size_t kOperations = 15;  // in a step
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
    tape_.differentiate();
  }

 private:
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
      c = record_step(weights, input_rows(layer, step.row, step.rows), h_before,
                      c.first_rows(step.rows_before), h);
    }
  }

  // Returns c. The rows of h_before and c_before are the first of the step; the others start from zero.
  Tensor record_step(const Weights& weights, Tensor x, Tensor h_before, Tensor c_before, Tensor h) {
    const int rows = x.rows, H = network().units;
    const auto sums = [&] { return tape_.temporary(rows, 4 * H); };
    const auto gate = [&] { return tape_.kept(rows, H); };

    Tensor gates = tape_.add_bias(tape_.matrix_product(x, weights.W, sums()), weights.b_W, sums());
    if (h_before.rows > 0) {
      const Tensor recurrent =
          tape_.matrix_product(h_before, weights.R, tape_.temporary(h_before.rows, 4 * H));
      gates = tape_.add(gates, recurrent, sums());
    }
    gates = tape_.add_bias(gates, weights.b_R, sums());

    const Tensor i = tape_.sigmoid(gates.column_range(0, H), gate());
    const Tensor f = tape_.sigmoid(gates.column_range(H, H), gate());
    const Tensor g = tape_.tanh(gates.column_range(2 * H, H), gate());
    const Tensor o = tape_.sigmoid(gates.column_range(3 * H, H), gate());

    Tensor remembered;
    if (c_before.rows > 0) {
      remembered = tape_.multiply(f.first_rows(c_before.rows), c_before, tape_.temporary(c_before.rows, H));
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
