#include "cuda/training/batched_engine.h"

#include "cuda/kernels/packing.h"
#include "cuda/kernels/parameters.h"
#include "cuda/training/segments.h"

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
  if (has_padded_inputs()) copy_plan_of_first_W();
}

// Products whose results have rows of odd sizes take kernels without wide accesses: they write the padding,
// too, and the rows are copied out of it.
template <class T>
void BatchedEngine<T>::copy_plan_of_first_W() {
  const int inputs = this->network().inputs, padded = padded_inputs(this->network(), 0);
  for (int direction = 0; direction < this->network().directions; ++direction) {
    const Segment segment{.from = 0,
                          .to = this->store().gradients(0, direction).W - this->store().gradients_on_device(),
                          .rows = gates(),
                          .columns = inputs,
                          .from_stride = padded,
                          .to_stride = inputs};
    upload(this->main().stream, {&segment, 1}, scratch_[static_cast<std::size_t>(direction)].first_W_copy);
  }
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
    if (has_padded_inputs()) {
      scratch.d_first_W = arena_.take<float>(size(gates(), padded_inputs(this->network(), 0)));
      scratch.first_W_copy = arena_.take<Segment>(1);
    }
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
void BatchedEngine<T>::gradient_of(Lane& lane, int rows, const T* d_sums, const T* multiplied, int stride,
                                   int columns, float* d_weights) {
  lane.products(Product<T>{.transpose_a = true,
                           .m = gates(),
                           .n = columns,
                           .k = rows,
                           .a = d_sums,
                           .lda = gates(),
                           .b = multiplied,
                           .ldb = stride,
                           .c = d_weights,
                           .ldc = columns,
                           .alpha = 1.0f / this->scale()});
}

template <class T>
void BatchedEngine<T>::W_gradient(Lane& lane, int layer, int direction) {
  const int rows = this->batch().packed().rows(), stride = padded_inputs(this->network(), layer);
  const T* const d_gates = kept_at(layer, direction).gates;
  if (layer > 0 || !has_padded_inputs()) {
    gradient_of(lane, rows, d_gates, input(layer), stride, stride,
                this->store().gradients(layer, direction).W);
    return;
  }
  const Scratch& scratch = scratch_[static_cast<std::size_t>(direction)];
  gradient_of(lane, rows, d_gates, input(layer), stride, stride, scratch.d_first_W);
  copy_segments<float, float>(lane.stream.get(),
                              {.segments = scratch.first_W_copy,
                               .count = 1,
                               .largest = static_cast<long long>(size(gates(), this->network().inputs)),
                               .from = scratch.d_first_W,
                               .to = this->store().gradients_on_device()});
}

template <class T>
void BatchedEngine<T>::R_gradient(Lane& lane, int layer, int direction) {
  const T* const d_gates = kept_at(layer, direction).gates;
  float* const d_R = this->store().gradients(layer, direction).R;
  const engines::PackedBatch& packed = this->batch().packed();
  const int rows = packed.rows(), samples = packed.samples();
  if (packed.steps() > 1 && rows == packed.steps() * samples) {
    // All samples have all steps: h of the step before lies one step's rows away, and needs no copy.
    const T* const h = h_of(layer, direction);
    gradient_of(lane, rows - samples, d_gates + (direction == 0 ? size(samples, gates()) : 0),
                h + (direction == 0 ? 0 : size(samples, this->width())), this->width(), H(), d_R);
  } else {
    T* const h_before = scratch_[static_cast<std::size_t>(direction)].h_before;
    gather_h_before(lane.stream.get(), this->batch().rows(), direction, h_of(layer, direction), this->width(),
                    H(), h_before);
    gradient_of(lane, rows, d_gates, h_before, H(), H(), d_R);
  }
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
