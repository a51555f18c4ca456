#include "cuda/persistent/persistent_engine.h"

#include <array>
#include <vector>

#include "cuda/kernels/packing.h"
#include "cuda/kernels/parameters.h"
#include "cuda/persistent/launch.h"
#include "cuda/runtime/check.h"
#include "cuda/training/device_engine.h"

namespace lstm::cuda {
namespace {

std::size_t size(int a, int b) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

persistent::Arithmetic arithmetic_of(DType dtype) {
  switch (dtype) {
    case DType::tf32:
      return persistent::Arithmetic::tf32;
    case DType::bf16:
      return persistent::Arithmetic::bf16;
    case DType::fp16:
      return persistent::Arithmetic::fp16;
    default:
      return persistent::Arithmetic::fp32;
  }
}

template <class T>
class PersistentEngine final : public DeviceEngine<T> {
 public:
  PersistentEngine(const char* name, const Network& network, const BatchShape& shape,
                   const EngineOptions& options, const AdamOptions& adam)
      : DeviceEngine<T>(name, network, shape, options, adam),
        plan_(persistent::make_plan(arithmetic_of(options.dtype), network.units, shape.samples,
                                    network.directions, persistent::device_limits())),
        weight_lane_(options.dtype),
        kept_(static_cast<std::size_t>(network.layers * network.directions)),
        y_(static_cast<std::size_t>(network.layers)) {
    plan();
    arena_.allocate();
    plan();
  }

  std::string description() const override {
    return this->device_and_dtype() + ", a layer a launch on " + plan_.text();
  }

 protected:
  const T* y() const override { return y_.back(); }
  float* dy() override { return dy_of(this->network().layers - 1); }
  std::size_t layer_bytes() const override {
    return arena_.bytes() + weight_lane_.products.workspace_bytes();
  }

  void forward_layers() override {
    for (int layer = 0; layer < this->network().layers; ++layer) {
      this->fork();
      for (int direction = 0; direction < this->network().directions; ++direction) {
        prepare(layer, direction);
      }
      this->join();
      recur_forward(layer);
    }
  }

  // Weight gradients of a layer run in a stream of their own, beside the recurrences of the layers below.
  void backward_layers() override {
    for (int layer = this->network().layers - 1; layer >= 0; --layer) {
      recur_backward(layer);
      this->main().stream.record(this->main().event);
      weight_lane_.stream.wait_for(this->main().event);
      for (int direction = 0; direction < this->network().directions; ++direction) {
        weight_gradients(layer, direction);
      }
      if (layer > 0) input_gradients(layer);
    }
    weight_lane_.stream.record(weight_lane_.event);
    this->main().stream.wait_for(weight_lane_.event);
  }

 private:
  // What forward keeps for backward, and R as the kernels load it.
  struct Kept {
    T* gates = nullptr;  // (N*T, 4H) i, f, g, o; backward turns them into their gradients
    float* c = nullptr;  // (N*T, H)
    persistent::Words* forward_weights = nullptr;
    persistent::Words* backward_weights = nullptr;
  };
  struct Scratch {
    float* sums = nullptr;         // (N*T, 4H) where T is 16 bits wide
    T* h_before = nullptr;         // (N*T, H)
    float* column_sums = nullptr;  // (kColumnSumPartials, 4H)
  };

  void plan() {
    using persistent::Pass;
    const int rows = this->most_rows();
    for (Kept& kept : kept_) {
      kept.gates = arena_.take<T>(size(rows, gates()));
      kept.c = arena_.take<float>(size(rows, H()));
      const auto words = [this](Pass pass) {
        return persistent::packed_bytes(plan_.geometry, pass) / sizeof(persistent::Words);
      };
      kept.forward_weights = arena_.take<persistent::Words>(words(Pass::forward));
      kept.backward_weights = arena_.take<persistent::Words>(words(Pass::backward));
    }
    for (T*& y : y_) y = arena_.take<T>(size(rows, this->width()));
    for (float*& dy : dy_) dy = arena_.take<float>(size(rows, this->width()));
    for (int direction = 0; direction < this->network().directions; ++direction) {
      Scratch& scratch = scratch_[static_cast<std::size_t>(direction)];
      if constexpr (sizeof(T) == 2) scratch.sums = arena_.take<float>(size(rows, gates()));
      scratch.h_before = arena_.take<T>(size(rows, H()));
      scratch.column_sums = arena_.take<float>(size(kColumnSumPartials, gates()));
    }
    exchange_ = arena_.take<std::byte>(plan_.exchange_bytes());
  }

  int H() const { return this->network().units; }
  int gates() const { return 4 * this->network().units; }
  const T* input(int layer) const { return layer == 0 ? this->x() : y_[static_cast<std::size_t>(layer - 1)]; }
  float* dy_of(int layer) { return dy_[static_cast<std::size_t>(layer % 2)]; }
  Kept& kept_at(int layer, int direction) {
    return kept_[static_cast<std::size_t>(layer * this->network().directions + direction)];
  }
  // Where sums of fp32 lie: in place of the gates, where those are fp32, too.
  float* sums_of(int layer, int direction) {
    if constexpr (sizeof(T) == 2) {
      return scratch_[static_cast<std::size_t>(direction)].sums;
    } else {
      return kept_at(layer, direction).gates;
    }
  }

  // All that the recurrence of one direction needs: W x of all rows, and R packed.
  void prepare(int layer, int direction) {
    Lane& lane = this->lane(direction);
    const Matrix<T> W = this->weights().W(layer, direction);
    const Kept& kept = kept_at(layer, direction);
    const float* R = this->store().parameters(layer, direction).R;
    persistent::pack(lane.stream.get(), plan_.geometry, persistent::Pass::forward, R, kept.forward_weights);
    persistent::pack(lane.stream.get(), plan_.geometry, persistent::Pass::backward, R, kept.backward_weights);
    lane.products(Product<T>{.transpose_b = true,
                             .m = this->batch().packed().rows(),
                             .n = gates(),
                             .k = W.stride,
                             .a = input(layer),
                             .lda = W.stride,
                             .b = W.values,
                             .ldb = W.stride,
                             .c = sums_of(layer, direction),
                             .ldc = gates()});
  }

  void recur_forward(int layer) {
    persistent::ForwardArguments<T> arguments{.geometry = plan_.geometry,
                                              .parts = plan_.parts,
                                              .time_steps = this->batch().rows().steps,
                                              .row_starts = this->batch().rows().row_starts,
                                              .y_row = this->width()};
    for (int direction = 0; direction < this->network().directions; ++direction) {
      const Kept& kept = kept_at(layer, direction);
      const DirectionTensors parameters = this->store().parameters(layer, direction);
      arguments.weights[direction] = kept.forward_weights;
      arguments.b_W[direction] = parameters.b_W;
      arguments.b_R[direction] = parameters.b_R;
      arguments.sums[direction] = sums_of(layer, direction);
      arguments.gates[direction] = kept.gates;
      arguments.c[direction] = kept.c;
      arguments.y[direction] = y_[static_cast<std::size_t>(layer)] + direction * H();
    }
    persistent::launch(this->main().stream.get(), plan_, arguments, exchange_);
  }

  void recur_backward(int layer) {
    persistent::BackwardArguments<T> arguments{.geometry = plan_.geometry,
                                               .time_steps = this->batch().rows().steps,
                                               .row_starts = this->batch().rows().row_starts,
                                               .y_row = this->width()};
    for (int direction = 0; direction < this->network().directions; ++direction) {
      const Kept& kept = kept_at(layer, direction);
      arguments.weights[direction] = kept.backward_weights;
      arguments.gates[direction] = kept.gates;
      arguments.c[direction] = kept.c;
      arguments.dy[direction] = dy_of(layer) + direction * H();
    }
    persistent::launch(this->main().stream.get(), plan_, arguments, exchange_);
  }

  void weight_gradients(int layer, int direction) {
    const Scratch& scratch = scratch_[static_cast<std::size_t>(direction)];
    const DirectionTensors gradients = this->store().gradients(layer, direction);
    const T* const d_gates = kept_at(layer, direction).gates;
    const int rows = this->batch().packed().rows();
    const float unscale = 1.0f / this->scale();
    const cudaStream_t stream = weight_lane_.stream.get();
    gather_h_before(stream, this->batch().rows(), direction,
                    y_[static_cast<std::size_t>(layer)] + direction * H(), this->width(), H(),
                    scratch.h_before);
    const auto product_with = [&](const T* columns_of, int stride, int columns, float* d_weights) {
      weight_lane_.products(Product<T>{.transpose_a = true,
                                       .m = gates(),
                                       .n = columns,
                                       .k = rows,
                                       .a = d_gates,
                                       .lda = gates(),
                                       .b = columns_of,
                                       .ldb = stride,
                                       .c = d_weights,
                                       .ldc = columns,
                                       .alpha = unscale});
    };
    product_with(input(layer), padded_inputs(this->network(), layer), this->network().layer_inputs(layer),
                 gradients.W);
    product_with(scratch.h_before, H(), H(), gradients.R);
    bias_gradient(stream, rows, gates(), d_gates, unscale, false, scratch.column_sums, gradients.b_W,
                  gradients.b_R);
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

  persistent::Plan plan_;
  Lane weight_lane_;
  DeviceArena arena_;
  std::vector<Kept> kept_;          // by layer and direction
  std::vector<T*> y_;               // by layer (N*T, D*H)
  std::array<float*, 2> dy_{};      // (N*T, D*H) of even and odd layers
  std::array<Scratch, 2> scratch_;  // by direction
  std::byte* exchange_ = nullptr;
};

}  // namespace

std::unique_ptr<Engine> make_persistent_engine(const Network& network, const BatchShape& shape,
                                               const EngineOptions& options, const AdamOptions& adam) {
  return make_for_dtype<PersistentEngine>("cuda/persistent", network, shape, options, adam);
}

}  // namespace lstm::cuda
