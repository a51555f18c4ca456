#include "cuda/training/batched_engine.h"

#include "cuda/kernels/packing.h"
#include "cuda/kernels/parameters.h"

namespace lstm::cuda {
namespace {

std::size_t size(int a, int b) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

}  // namespace

template <class T>
BatchedEngine<T>::BatchedEngine(const char* engine, const Network& network, const BatchShape& shape,
                                const EngineOptions& options, const AdamOptions& adam, Operands operands)
    : DeviceEngine<T>(engine, network, shape, options, adam, operands),
      kept_(static_cast<std::size_t>(network.layers * network.directions)),
      y_(static_cast<std::size_t>(network.layers)) {
  plan();
  arena_.allocate();
  plan();
}

template <class T>
void BatchedEngine<T>::plan() {
  const int rows = this->most_rows();
  for (Kept& kept : kept_) {
    kept.gates = arena_.take<T>(size(rows, gates()));
    kept.c = arena_.take<float>(size(rows, H()));
  }
  for (T*& y : y_) y = arena_.take<T>(size(rows, this->width()));
  for (float*& dy : dy_) dy = arena_.take<float>(size(rows, this->width()));
  for (int direction = 0; direction < this->network().directions; ++direction) {
    Scratch& scratch = scratch_[static_cast<std::size_t>(direction)];
    if constexpr (sizeof(T) == 2) scratch.sums = arena_.take<float>(size(rows, gates()));
    scratch.h_before = arena_.take<T>(size(rows, H()));
    scratch.column_sums = arena_.take<float>(size(kColumnSumPartials, gates()));
  }
}

template <class T>
float* BatchedEngine<T>::sums_of(int layer, int direction) const {
  if constexpr (sizeof(T) == 2) {
    return scratch_[static_cast<std::size_t>(direction)].sums;
  } else {
    return kept_at(layer, direction).gates;
  }
}

template <class T>
void BatchedEngine<T>::input_products(int layer, int direction) {
  const Matrix<T> W = this->weights().W(layer, direction);
  this->lane(direction).products(Product<T>{.transpose_b = true,
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

template <class T>
void BatchedEngine<T>::weight_gradients(Lane& lane, int layer, int direction) {
  const Scratch& scratch = scratch_[static_cast<std::size_t>(direction)];
  const DirectionTensors gradients = this->store().gradients(layer, direction);
  const T* const d_gates = kept_at(layer, direction).gates;
  const engines::PackedBatch& packed = this->batch().packed();
  const int rows = packed.rows(), samples = packed.samples();
  const float unscale = 1.0f / this->scale();
  const auto gradient_of = [&](const T* d_sums, int count, const T* columns_of, int stride, int columns,
                               float* d_weights) {
    lane.products(Product<T>{.transpose_a = true,
                             .m = gates(),
                             .n = columns,
                             .k = count,
                             .a = d_sums,
                             .lda = gates(),
                             .b = columns_of,
                             .ldb = stride,
                             .c = d_weights,
                             .ldc = columns,
                             .alpha = unscale});
  };
  gradient_of(d_gates, rows, input(layer), padded_inputs(this->network(), layer),
              this->network().layer_inputs(layer), gradients.W);
  if (packed.steps() > 1 && rows == packed.steps() * samples) {
    // All samples have all steps: h of the step before lies one step's rows away, and needs no copy.
    const T* const h = h_of(layer, direction);
    gradient_of(d_gates + (direction == 0 ? size(samples, gates()) : 0), rows - samples,
                h + (direction == 0 ? 0 : size(samples, this->width())), this->width(), H(), gradients.R);
  } else {
    gather_h_before(lane.stream.get(), this->batch().rows(), direction, h_of(layer, direction), this->width(),
                    H(), scratch.h_before);
    gradient_of(d_gates, rows, scratch.h_before, H(), H(), gradients.R);
  }
  bias_gradient(lane.stream.get(), rows, gates(), d_gates, unscale, false, scratch.column_sums, gradients.b_W,
                gradients.b_R);
}

template <class T>
void BatchedEngine<T>::input_gradients(int layer) {
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

template class BatchedEngine<float>;
template class BatchedEngine<Bf16>;
template class BatchedEngine<Fp16>;

}  // namespace lstm::cuda
