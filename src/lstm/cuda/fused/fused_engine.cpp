#include "cuda/fused/fused_engine.h"

#include <array>
#include <vector>

#include "cuda/kernels/cell.h"
#include "cuda/kernels/packing.h"
#include "cuda/kernels/parameters.h"
#include "cuda/runtime/check.h"
#include "cuda/training/device_engine.h"

namespace lstm::cuda {
namespace {

std::size_t size(int a, int b) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

template <class T>
class FusedEngine final : public DeviceEngine<T> {
 public:
  FusedEngine(const char* name, const Network& network, const BatchShape& shape, const EngineOptions& options,
              const AdamOptions& adam)
      : DeviceEngine<T>(name, network, shape, options, adam),
        kept_(static_cast<std::size_t>(network.layers * network.directions)),
        y_(static_cast<std::size_t>(network.layers)) {
    plan();
    arena_.allocate();
    plan();
  }

  std::string description() const override {
    return this->device_and_dtype() + ", fused cells in a CUDA graph";
  }

 protected:
  const T* y() const override { return y_.back(); }
  float* dy() override { return dy_of(this->network().layers - 1); }
  std::size_t layer_bytes() const override { return arena_.bytes(); }

  void forward_layers() override {
    run(forward_, [this] {
      for (int layer = 0; layer < this->network().layers; ++layer) {
        this->fork();
        for (int direction = 0; direction < this->network().directions; ++direction)
          forward_direction(layer, direction);
        this->join();
      }
    });
  }

  void backward_layers() override {
    run(backward_, [this] {
      for (int layer = this->network().layers - 1; layer >= 0; --layer) {
        this->fork();
        for (int direction = 0; direction < this->network().directions; ++direction) {
          backward_direction(layer, direction);
        }
        this->join();
        if (layer > 0) input_gradients(layer);
      }
    });
  }

 private:
  // What forward keeps for backward.
  struct Kept {
    T* gates = nullptr;  // (N*T, 4H) i, f, g, o; backward turns them into their gradients
    float* c = nullptr;  // (N*T, H)
  };
  struct Recording {
    Graph graph;
    int pattern = 0;  // of lengths that it was recorded for
    int seen = 0;     // of the last batch
  };

  void plan() {
    const int rows = this->most_rows(), directions = this->network().directions;
    for (Kept& kept : kept_) {
      kept.gates = arena_.take<T>(size(rows, gates()));
      kept.c = arena_.take<float>(size(rows, H()));
    }
    for (T*& y : y_) y = arena_.take<T>(size(rows, this->width()));
    for (float*& dy : dy_) dy = arena_.take<float>(size(rows, this->width()));
    for (int direction = 0; direction < directions; ++direction) {
      Scratch& scratch = scratch_[static_cast<std::size_t>(direction)];
      if constexpr (sizeof(T) == 2) scratch.sums = arena_.take<float>(size(rows, gates()));
      scratch.h_before = arena_.take<T>(size(rows, H()));
      scratch.dc = arena_.take<float>(size(this->shape().samples, H()));
      scratch.column_sums = arena_.take<float>(size(kColumnSumPartials, gates()));
    }
  }

  // Starts what was recorded for these lengths. The first batch with new lengths runs without a recording,
  // which has the libraries load their kernels; the second one is recorded.
  template <class Function>
  void run(Recording& recording, const Function& function) {
    const int pattern = this->batch().pattern();
    if (recording.seen != pattern) {
      recording.seen = pattern;
      return function();
    }
    if (recording.pattern != pattern) {
      recording.graph.record(this->main().stream, function);
      recording.pattern = pattern;
    }
    recording.graph.launch(this->main().stream);
  }

  int H() const { return this->network().units; }
  int gates() const { return 4 * this->network().units; }
  const T* input(int layer) const { return layer == 0 ? this->x() : y_[static_cast<std::size_t>(layer - 1)]; }
  float* dy_of(int layer) { return dy_[static_cast<std::size_t>(layer % 2)]; }
  Kept& kept_at(int layer, int direction) {
    return kept_[static_cast<std::size_t>(layer * this->network().directions + direction)];
  }

  void forward_direction(int layer, int direction) {
    Lane& lane = this->lane(direction);
    const Matrix<T> W = this->weights().W(layer, direction), R = this->weights().R(layer, direction);
    const DirectionTensors biases = this->store().parameters(layer, direction);
    const Kept& kept = kept_at(layer, direction);
    const int width = this->width(), rows = this->batch().packed().rows();
    float* const sums = sums_of(kept, direction);
    lane.products(Product<T>{.transpose_b = true,
                             .m = rows,
                             .n = gates(),
                             .k = W.stride,
                             .a = input(layer),
                             .lda = W.stride,
                             .b = W.values,
                             .ldb = W.stride,
                             .c = sums,
                             .ldc = gates()});
    T* const h = y_[static_cast<std::size_t>(layer)] + direction * H();
    for (int k = 0; k < this->batch().packed().steps(); ++k) {
      const engines::RecurrentStep step = this->batch().packed().step(direction, k);
      float* const step_sums = sums + size(step.row, gates());
      if (step.rows_before > 0) {
        lane.products(Product<T>{.transpose_b = true,
                                 .m = step.rows_before,
                                 .n = gates(),
                                 .k = H(),
                                 .a = h + size(step.row_before, width),
                                 .lda = width,
                                 .b = R.values,
                                 .ldb = R.stride,
                                 .c = step_sums,
                                 .ldc = gates(),
                                 .beta = 1.0f});
      }
      cell_forward(lane.stream.get(), CellForward<T>{.units = H(),
                                                     .rows = step.rows,
                                                     .rows_before = step.rows_before,
                                                     .sums = step_sums,
                                                     .b_W = biases.b_W,
                                                     .b_R = biases.b_R,
                                                     .c_before = kept.c + size(step.row_before, H()),
                                                     .gates = kept.gates + size(step.row, gates()),
                                                     .c = kept.c + size(step.row, H()),
                                                     .h = h + size(step.row, width),
                                                     .h_stride = width});
    }
  }

  // Where sums of fp32 lie: in place of the gates, where those are fp32, too.
  float* sums_of(const Kept& kept, int direction) {
    if constexpr (sizeof(T) == 2) {
      return scratch_[static_cast<std::size_t>(direction)].sums;
    } else {
      return kept.gates;
    }
  }

  // The gradient of h from the step that follows is added to dy in place.
  void backward_direction(int layer, int direction) {
    Lane& lane = this->lane(direction);
    const Scratch& scratch = scratch_[static_cast<std::size_t>(direction)];
    const Matrix<T> R = this->weights().R(layer, direction);
    const Kept& kept = kept_at(layer, direction);
    const int width = this->width();
    float* const dh = dy_of(layer) + direction * H();
    check(cudaMemsetAsync(scratch.dc, 0, size(this->shape().samples, H()) * sizeof(float), lane.stream.get()),
          "clearing dc");
    for (int k = this->batch().packed().steps() - 1; k >= 0; --k) {
      const engines::RecurrentStep step = this->batch().packed().step(direction, k);
      T* const d_gates = kept.gates + size(step.row, gates());
      cell_backward(lane.stream.get(), CellBackward<T>{.units = H(),
                                                       .rows = step.rows,
                                                       .rows_before = step.rows_before,
                                                       .gates = d_gates,
                                                       .c = kept.c + size(step.row, H()),
                                                       .c_before = kept.c + size(step.row_before, H()),
                                                       .dh = dh + size(step.row, width),
                                                       .dh_stride = width,
                                                       .dc = scratch.dc});
      if (step.rows_before == 0) continue;
      lane.products(Product<T>{.m = step.rows_before,
                               .n = H(),
                               .k = gates(),
                               .a = d_gates,
                               .lda = gates(),
                               .b = R.values,
                               .ldb = R.stride,
                               .c = dh + size(step.row_before, width),
                               .ldc = width,
                               .beta = 1.0f});
    }
    weight_gradients(layer, direction);
  }

  void weight_gradients(int layer, int direction) {
    Lane& lane = this->lane(direction);
    const Scratch& scratch = scratch_[static_cast<std::size_t>(direction)];
    const DirectionTensors gradients = this->store().gradients(layer, direction);
    const T* const d_gates = kept_at(layer, direction).gates;
    const int rows = this->batch().packed().rows(), inputs = this->network().layer_inputs(layer);
    const float unscale = 1.0f / this->scale();
    gather_h_before(lane.stream.get(), this->batch().rows(), direction,
                    y_[static_cast<std::size_t>(layer)] + direction * H(), this->width(), H(),
                    scratch.h_before);
    const auto add_weight_gradient = [&](const T* input, int stride, int columns, float* d_weights) {
      lane.products(Product<T>{.transpose_a = true,
                               .m = gates(),
                               .n = columns,
                               .k = rows,
                               .a = d_gates,
                               .lda = gates(),
                               .b = input,
                               .ldb = stride,
                               .c = d_weights,
                               .ldc = columns,
                               .alpha = unscale});
    };
    add_weight_gradient(input(layer), padded_inputs(this->network(), layer), inputs, gradients.W);
    add_weight_gradient(scratch.h_before, H(), H(), gradients.R);
    bias_gradient(lane.stream.get(), rows, gates(), d_gates, unscale, false, scratch.column_sums,
                  gradients.b_W, gradients.b_R);
  }

  // dy of the layer below, from both directions.
  void input_gradients(int layer) {
    for (int direction = 0; direction < this->network().directions; ++direction) {
      const Matrix<T> W = this->weights().W(layer, direction);
      this->main().products(Product<T>{.m = this->batch().packed().rows(),
                                       .n = this->network().layer_inputs(layer),
                                       .k = gates(),
                                       .a = kept_at(layer, direction).gates,
                                       .lda = gates(),
                                       .b = W.values,
                                       .ldb = W.stride,
                                       .c = dy_of(layer - 1),
                                       .ldc = this->network().layer_inputs(layer),
                                       .beta = direction == 0 ? 0.0f : 1.0f});
    }
  }

  struct Scratch {
    float* sums = nullptr;         // (N*T, 4H) where T is 16 bits wide
    T* h_before = nullptr;         // (N*T, H)
    float* dc = nullptr;           // (N, H)
    float* column_sums = nullptr;  // (kColumnSumPartials, 4H)
  };

  DeviceArena arena_;
  std::vector<Kept> kept_;          // by layer and direction
  std::vector<T*> y_;               // by layer (N*T, D*H)
  std::array<float*, 2> dy_{};      // (N*T, D*H) of even and odd layers
  std::array<Scratch, 2> scratch_;  // by direction
  Recording forward_, backward_;
};

}  // namespace

std::unique_ptr<Engine> make_fused_engine(const Network& network, const BatchShape& shape,
                                          const EngineOptions& options, const AdamOptions& adam) {
  return make_for_dtype<FusedEngine>("cuda/fused", network, shape, options, adam);
}

}  // namespace lstm::cuda
