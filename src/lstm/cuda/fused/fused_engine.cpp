#include "cuda/fused/fused_engine.h"

#include <array>

#include "cuda/kernels/cell.h"
#include "cuda/kernels/parameters.h"
#include "cuda/runtime/check.h"
#include "cuda/training/batched_engine.h"

namespace lstm::cuda {
namespace {

std::size_t size(int a, int b) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

template <class T>
class FusedEngine : public BatchedEngine<T> {
  using typename BatchedEngine<T>::Kept;
  using BatchedEngine<T>::H, BatchedEngine<T>::gates;

 public:
  FusedEngine(const char* name, const Network& network, const BatchShape& shape, const EngineOptions& options,
              const AdamOptions& adam)
      : BatchedEngine<T>(name, network, shape, options, adam) {
    plan();
    arena_.allocate();
    plan();
  }

  std::string description() const override {
    return this->device_and_dtype() + ", fused cells in a CUDA graph";
  }

 protected:
  std::size_t layer_bytes() const override { return BatchedEngine<T>::layer_bytes() + arena_.bytes(); }
  bool is_recorded() const override { return true; }

  void forward_layers() override {
    for (int layer = 0; layer < this->network().layers; ++layer) {
      this->fork();
      for (int direction = 0; direction < this->network().directions; ++direction)
        forward_direction(layer, direction);
      this->join();
    }
  }

  void backward_layers() override {
    this->head_gradient(this->main());
    for (int layer = this->network().layers - 1; layer >= 0; --layer) {
      this->fork();
      for (int direction = 0; direction < this->network().directions; ++direction) {
        backward_direction(layer, direction);
      }
      this->join();
      if (layer > 0) this->input_gradients(layer);
    }
  }

 private:
  void plan() {
    for (int direction = 0; direction < this->network().directions; ++direction) {
      const auto d = static_cast<std::size_t>(direction);
      dc_[d] = arena_.take<float>(size(this->shape().samples, H()));
      column_sums_[d] = arena_.take<float>(size(kColumnSumPartials, gates()));
    }
  }

  void forward_direction(int layer, int direction) {
    Lane& lane = this->lane(direction);
    const Matrix<T> R = this->weights().R(layer, direction);
    const DirectionTensors biases = this->store().parameters(layer, direction);
    const Kept& kept = this->kept_at(layer, direction);
    const int width = this->width();
    float* const sums = this->sums_of(layer, direction);
    T* const h = this->h_of(layer, direction);
    this->input_products(layer, direction);
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

  // The gradient of h from the step that follows is added to dy in place.
  void backward_direction(int layer, int direction) {
    Lane& lane = this->lane(direction);
    float* const dc = dc_[static_cast<std::size_t>(direction)];
    const Matrix<T> R = this->weights().R(layer, direction);
    const Kept& kept = this->kept_at(layer, direction);
    const int width = this->width();
    float* const dh = this->dy_of(layer) + direction * H();
    check(cudaMemsetAsync(dc, 0, size(this->shape().samples, H()) * sizeof(float), lane.stream.get()),
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
                                                       .dc = dc});
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
    this->W_gradient(lane, layer, direction);
    this->R_gradient(lane, layer, direction);
    const DirectionTensors gradients = this->store().gradients(layer, direction);
    bias_gradient(lane.stream.get(), this->batch().packed().rows(), gates(), kept.gates, 1.0f / this->scale(),
                  false, column_sums_[static_cast<std::size_t>(direction)], gradients.b_W, gradients.b_R);
  }

  DeviceArena arena_;
  std::array<float*, 2> dc_{};           // (N, H) by direction
  std::array<float*, 2> column_sums_{};  // (kColumnSumPartials, 4H) by direction
};

}  // namespace

std::unique_ptr<Engine> make_fused_engine(const Network& network, const BatchShape& shape,
                                          const EngineOptions& options, const AdamOptions& adam) {
  return make_for_dtype<FusedEngine>("cuda/fused", network, shape, options, adam);
}

}  // namespace lstm::cuda
