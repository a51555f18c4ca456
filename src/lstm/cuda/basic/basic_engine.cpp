#include "cuda/basic/basic_engine.h"

#include <array>
#include <vector>

#include "cuda/kernels/parameters.h"
#include "cuda/kernels/pointwise.h"
#include "cuda/runtime/check.h"
#include "cuda/training/device_engine.h"

namespace lstm::cuda {
namespace {

using Op = PointwiseOperation;

std::size_t size(int a, int b) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

// A matrix in a buffer.
struct View {
  float* values = nullptr;
  int stride = 0;

  View columns_from(int column) const { return {values + column, stride}; }
};

class BasicEngine : public DeviceEngine<float> {
 public:
  BasicEngine(const char* name, const Network& network, const BatchShape& shape, const EngineOptions& options,
              const AdamOptions& adam)
      : DeviceEngine<float>(name, network, shape, options, adam),
        kept_(static_cast<std::size_t>(network.layers * network.directions)),
        y_(static_cast<std::size_t>(network.layers)) {
    plan();
    arena_.allocate();
    plan();
  }

  std::string description() const override { return device_and_dtype() + ", one launch for each operation"; }

 protected:
  const float* y() const override { return y_.back(); }
  float* dy() override { return dy_of(network().layers - 1); }
  std::size_t layer_bytes() const override { return arena_.bytes(); }

  void forward_layers() override {
    for (int layer = 0; layer < network().layers; ++layer) {
      for (int direction = 0; direction < network().directions; ++direction) {
        for (int k = 0; k < batch().packed().steps(); ++k) {
          forward_step(layer, direction, batch().packed().step(direction, k));
        }
      }
    }
  }

  void backward_layers() override {
    head_gradient(main());
    // Those of the layers are sums over steps.
    check(cudaMemsetAsync(store().gradients_on_device(), 0, layout().head().offset * sizeof(float),
                          main().stream.get()),
          "clearing gradients");
    for (int layer = network().layers - 1; layer >= 0; --layer) {
      for (int direction = 0; direction < network().directions; ++direction) {
        check(cudaMemsetAsync(dc_, 0, size(shape().samples, H()) * sizeof(float), main().stream.get()),
              "clearing dc");
        for (int k = batch().packed().steps() - 1; k >= 0; --k) {
          backward_step(layer, direction, batch().packed().step(direction, k));
        }
      }
    }
  }

 private:
  // What forward keeps for backward.
  struct Kept {
    float* gates = nullptr;   // (N*T, 4H) i, f, g, o
    float* c = nullptr;       // (N*T, H)
    float* tanh_c = nullptr;  // (N*T, H)
  };

  void plan() {
    const int rows = most_rows(), N = shape().samples;
    for (Kept& kept : kept_) {
      kept.gates = arena_.take<float>(size(rows, gates()));
      kept.c = arena_.take<float>(size(rows, H()));
      kept.tanh_c = arena_.take<float>(size(rows, H()));
    }
    for (float*& y : y_) y = arena_.take<float>(size(rows, width()));
    for (float*& dy : dy_) dy = arena_.take<float>(size(rows, width()));
    for (float** temporary : {&sums_, &recurrent_, &d_gates_})
      *temporary = arena_.take<float>(size(N, gates()));
    for (float** temporary : {&remembered_, &added_, &dc_}) *temporary = arena_.take<float>(size(N, H()));
    column_sums_ = arena_.take<float>(size(kColumnSumPartials, gates()));
  }

  int H() const { return network().units; }
  int gates() const { return 4 * network().units; }
  const float* input(int layer) const { return layer == 0 ? x() : y_[static_cast<std::size_t>(layer - 1)]; }
  float* dy_of(int layer) { return dy_[static_cast<std::size_t>(layer % 2)]; }
  View h_of(int layer, int direction, int row) const {
    return {y_[static_cast<std::size_t>(layer)] + size(row, width()) + direction * H(), width()};
  }
  const Kept& kept_at(int layer, int direction) const {
    return kept_[static_cast<std::size_t>(layer * network().directions + direction)];
  }

  void apply(Op operation, int rows, int columns, View a, View b, int b_rows, View out) {
    pointwise(main().stream.get(), operation,
              {.rows = rows,
               .columns = columns,
               .a = a.values,
               .a_stride = a.stride,
               .b = b.values,
               .b_stride = b.stride,
               .b_rows = b_rows,
               .out = out.values,
               .out_stride = out.stride});
  }
  void apply(Op operation, int rows, int columns, View a, View b, View out) {
    apply(operation, rows, columns, a, b, rows, out);
  }
  void apply(Op operation, int rows, int columns, View a, View out) {
    apply(operation, rows, columns, a, View{}, 0, out);
  }

  void forward_step(int layer, int direction, const engines::RecurrentStep& step) {
    const Matrix<float> W = weights().W(layer, direction), R = weights().R(layer, direction);
    const DirectionTensors biases = store().parameters(layer, direction);
    const Kept& kept = kept_at(layer, direction);
    const View sums{sums_, gates()}, recurrent{recurrent_, gates()};
    main().products(Product<float>{.transpose_b = true,
                                   .m = step.rows,
                                   .n = gates(),
                                   .k = W.stride,
                                   .a = input(layer) + size(step.row, W.stride),
                                   .lda = W.stride,
                                   .b = W.values,
                                   .ldb = W.stride,
                                   .c = sums_,
                                   .ldc = gates()});
    apply(Op::add, step.rows, gates(), sums, View{biases.b_W, 0}, sums);
    if (step.rows_before > 0) {
      const View h_before = h_of(layer, direction, step.row_before);
      main().products(Product<float>{.transpose_b = true,
                                     .m = step.rows_before,
                                     .n = gates(),
                                     .k = H(),
                                     .a = h_before.values,
                                     .lda = h_before.stride,
                                     .b = R.values,
                                     .ldb = R.stride,
                                     .c = recurrent_,
                                     .ldc = gates()});
      apply(Op::add, step.rows_before, gates(), sums, recurrent, sums);
    }
    apply(Op::add, step.rows, gates(), sums, View{biases.b_R, 0}, sums);

    const View gate{kept.gates + size(step.row, gates()), gates()};
    const View i = gate, f = gate.columns_from(H()), g = gate.columns_from(2 * H()),
               o = gate.columns_from(3 * H());
    apply(Op::sigmoid, step.rows, H(), sums, i);
    apply(Op::sigmoid, step.rows, H(), sums.columns_from(H()), f);
    apply(Op::tanh, step.rows, H(), sums.columns_from(2 * H()), g);
    apply(Op::sigmoid, step.rows, H(), sums.columns_from(3 * H()), o);

    const View c{kept.c + size(step.row, H()), H()}, c_before{kept.c + size(step.row_before, H()), H()};
    const View tanh_c{kept.tanh_c + size(step.row, H()), H()};
    const View remembered{remembered_, H()}, added{added_, H()};
    apply(Op::multiply, step.rows, H(), i, g, added);
    apply(Op::multiply, step.rows_before, H(), f, c_before, remembered);
    apply(Op::add, step.rows, H(), added, remembered, step.rows_before, c);
    apply(Op::tanh, step.rows, H(), c, tanh_c);
    apply(Op::multiply, step.rows, H(), o, tanh_c, h_of(layer, direction, step.row));
  }

  // The gradient of h from the step that follows is added to dy in place.
  void backward_step(int layer, int direction, const engines::RecurrentStep& step) {
    const Kept& kept = kept_at(layer, direction);
    const int rows = step.rows;
    const View gate{kept.gates + size(step.row, gates()), gates()}, d_gate{d_gates_, gates()};
    const View i = gate, f = gate.columns_from(H()), g = gate.columns_from(2 * H()),
               o = gate.columns_from(3 * H());
    const View d_i = d_gate, d_f = d_gate.columns_from(H()), d_g = d_gate.columns_from(2 * H());
    const View d_o = d_gate.columns_from(3 * H());
    const View c_before{kept.c + size(step.row_before, H()), H()},
        tanh_c{kept.tanh_c + size(step.row, H()), H()};
    const View dh{dy_of(layer) + size(step.row, width()) + direction * H(), width()};
    const View dc{dc_, H()}, d_tanh{added_, H()};

    apply(Op::multiply, rows, H(), dh, tanh_c, d_o);
    apply(Op::multiply, rows, H(), dh, o, d_tanh);
    apply(Op::add_tanh_gradient, rows, H(), tanh_c, d_tanh, dc);
    apply(Op::multiply, rows, H(), dc, g, d_i);
    apply(Op::multiply, rows, H(), dc, i, d_g);
    apply(Op::multiply, rows, H(), dc, c_before, step.rows_before, d_f);
    apply(Op::multiply, rows, H(), dc, f, dc);
    apply(Op::sigmoid_gradient, rows, H(), i, d_i, d_i);
    apply(Op::sigmoid_gradient, rows, H(), f, d_f, d_f);
    apply(Op::tanh_gradient, rows, H(), g, d_g, d_g);
    apply(Op::sigmoid_gradient, rows, H(), o, d_o, d_o);
    backward_products(layer, direction, step);
  }

  void backward_products(int layer, int direction, const engines::RecurrentStep& step) {
    const Matrix<float> W = weights().W(layer, direction), R = weights().R(layer, direction);
    const DirectionTensors gradients = store().gradients(layer, direction);
    const int inputs = network().layer_inputs(layer);
    bias_gradient(main().stream.get(), step.rows, gates(), d_gates_, 1.0f, true, column_sums_, gradients.b_W,
                  gradients.b_R);
    add_weight_gradient(step.rows, {const_cast<float*>(input(layer)) + size(step.row, W.stride), W.stride},
                        inputs, gradients.W);
    if (layer > 0) {
      add_input_gradient(step.rows, W, inputs, direction == 0 ? 0.0f : 1.0f,
                         {dy_of(layer - 1) + size(step.row, inputs), inputs});
    }
    if (step.rows_before == 0) return;
    add_weight_gradient(step.rows_before, h_of(layer, direction, step.row_before), H(), gradients.R);
    add_input_gradient(step.rows_before, R, H(), 1.0f,
                       {dy_of(layer) + size(step.row_before, width()) + direction * H(), width()});
  }

  // d_weights (4H, columns) += d_gates^T input
  void add_weight_gradient(int rows, View input, int columns, float* d_weights) {
    main().products(Product<float>{.transpose_a = true,
                                   .m = gates(),
                                   .n = columns,
                                   .k = rows,
                                   .a = d_gates_,
                                   .lda = gates(),
                                   .b = input.values,
                                   .ldb = input.stride,
                                   .c = d_weights,
                                   .ldc = columns,
                                   .beta = 1.0f});
  }

  // d_input = beta d_input + d_gates weights (4H, columns)
  void add_input_gradient(int rows, const Matrix<float>& weights, int columns, float beta, View d_input) {
    main().products(Product<float>{.m = rows,
                                   .n = columns,
                                   .k = gates(),
                                   .a = d_gates_,
                                   .lda = gates(),
                                   .b = weights.values,
                                   .ldb = weights.stride,
                                   .c = d_input.values,
                                   .ldc = d_input.stride,
                                   .beta = beta});
  }

  DeviceArena arena_;
  std::vector<Kept> kept_;      // by layer and direction
  std::vector<float*> y_;       // by layer (N*T, D*H)
  std::array<float*, 2> dy_{};  // (N*T, D*H) of even and odd layers
  // Of one step.
  float *sums_ = nullptr, *recurrent_ = nullptr, *d_gates_ = nullptr;  // (N, 4H)
  float *remembered_ = nullptr, *added_ = nullptr;                     // (N, H)
  float* dc_ = nullptr;                                                // (N, H) carried from step to step
  float* column_sums_ = nullptr;                                       // (kColumnSumPartials, 4H)
};

}  // namespace

std::unique_ptr<Engine> make_basic_engine(const Network& network, const BatchShape& shape,
                                          const EngineOptions& options, const AdamOptions& adam) {
  return std::make_unique<EndsOnItsDevice<BasicEngine>>("cuda/basic", network, shape, options, adam);
}

}  // namespace lstm::cuda
