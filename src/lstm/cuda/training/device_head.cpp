#include "cuda/training/device_head.h"

#include <algorithm>
#include <vector>

#include "cuda/kernels/packing.h"
#include "cuda/kernels/parameters.h"
#include "cuda/runtime/check.h"
#include "engines/training/logits.h"

namespace lstm::cuda {
namespace {

std::size_t size(std::int64_t a, std::int64_t b) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

}  // namespace

template <class T>
DeviceHead<T>::DeviceHead(const Network& network, const BatchShape& shape, float scale, const Stream& stream,
                          Products& products)
    : network_(network),
      scale_(scale),
      stream_(&stream),
      products_(&products),
      width_(network.directions * network.units),
      max_labels_(shape.max_labels),
      zero_row_(shape.samples),
      losses_(static_cast<std::size_t>(shape.samples) * sizeof(double)) {
  plan(shape);
  arena_.allocate();
  plan(shape);
  if (d_last_y_ == nullptr) return;
  check(
      cudaMemsetAsync(d_last_y_ + size(zero_row_, width_), 0, size(1, width_) * sizeof(float), stream.get()),
      "clearing a row");
}

template <class T>
void DeviceHead<T>::plan(const BatchShape& shape) {
  const std::int64_t rows = network_.reads_every_step() ? most_steps(shape) : shape.samples;
  logits_ = arena_.take<float>(size(rows, network_.classes));
  d_logits_ = arena_.take<float>(size(rows, network_.classes));
  if constexpr (sizeof(T) == 2) scaled_ = arena_.take<T>(size(rows, network_.classes));
  if (!network_.reads_every_step()) {
    last_y_ = arena_.take<T>(size(rows, width_));
    d_last_y_ = arena_.take<float>(size(rows + 1, width_));
    return;
  }
  if (network_.loss != Loss::ctc) return;
  const std::size_t states = size(size(shape.samples, shape.time_steps), 2 * shape.max_labels + 1);
  probabilities_ = arena_.take<Parts>(size(rows, network_.classes));
  alpha_ = arena_.take<Parts>(states);
  beta_ = arena_.take<Parts>(states);
  totals_ = arena_.take<Parts>(static_cast<std::size_t>(shape.samples));
}

template <class T>
int DeviceHead<T>::logit_rows(const DeviceBatch& batch) const {
  return network_.reads_every_step() ? batch.packed().row(batch.loss_steps()) : batch.packed().samples();
}

template <class T>
SmallHead<T> DeviceHead<T>::small_head(const DeviceBatch& batch, const Matrix<T>& weights) const {
  return {.rows = batch.rows(),
          .samples = batch.packed().samples(),
          .classes = network_.classes,
          .width = width_,
          .lengths = batch.lengths(),
          .weights = weights.values,
          .stride = weights.stride};
}

template <class T>
void DeviceHead<T>::forward(const DeviceBatch& batch, const T* y, const Matrix<T>& weights) {
  if (is_small()) {
    return small_head_forward(stream_->get(), small_head(batch, weights), y, last_y_, logits_,
                              cross_entropy_loss(batch), d_last_y_);
  }
  if (!network_.reads_every_step()) {
    gather_last(stream_->get(), batch.rows(), batch.packed().samples(), batch.lengths(), y, width_, last_y_);
    y = last_y_;
  }
  (*products_)(Product<T>{.transpose_b = true,
                          .m = logit_rows(batch),
                          .n = network_.classes,
                          .k = width_,
                          .a = y,
                          .lda = width_,
                          .b = weights.values,
                          .ldb = weights.stride,
                          .c = logits_,
                          .ldc = network_.classes});
  if (network_.loss == Loss::cross_entropy) cross_entropy(stream_->get(), cross_entropy_loss(batch));
}

template <class T>
void DeviceHead<T>::read_logits(const DeviceBatch& batch, std::span<float> logits) const {
  std::vector<float> packed(size(logit_rows(batch), network_.classes));
  check(cudaMemcpyAsync(packed.data(), logits_, packed.size() * sizeof(float), cudaMemcpyDeviceToHost,
                        stream_->get()),
        "copying logits from the device");
  stream_->synchronise();
  const auto row = engines::LogitRow::of(network_, network_.units);
  engines::unpack_logits(network_, row, batch.packed(), packed.data(), logits);
}

template <class T>
void DeviceHead<T>::set_logit_gradients(const DeviceBatch& batch, const Matrix<T>& weights,
                                        std::span<const float> gradients) {
  std::vector<float> packed(size(logit_rows(batch), network_.classes));
  const auto row = engines::LogitRow::of(network_, network_.units);
  engines::pack_logit_gradients(network_, row, batch.packed(), gradients, packed);
  check(cudaMemcpyAsync(d_logits_, packed.data(), packed.size() * sizeof(float), cudaMemcpyHostToDevice,
                        stream_->get()),
        "copying gradients of logits to the device");
  make_operand(batch);
  if (is_small()) small_head_backward(stream_->get(), small_head(batch, weights), operand(), d_last_y_);
  stream_->synchronise();
}

template <class T>
CrossEntropy<T> DeviceHead<T>::cross_entropy_loss(const DeviceBatch& batch) const {
  const int samples = batch.packed().samples();
  return {.rows = samples,
          .classes = network_.classes,
          .logits = logits_,
          .labels = batch.labels(),
          .scale = scale_ / static_cast<float>(samples),
          .d_logits = operand(),
          .losses = losses_.as<double>().data()};
}

template <class T>
void DeviceHead<T>::ctc_loss(const DeviceBatch& batch) {
  const int samples = batch.packed().samples();
  const CtcProblem problem{.rows = batch.rows(),
                           .samples = samples,
                           .loss_steps = batch.loss_steps(),
                           .classes = network_.classes,
                           .max_labels = max_labels_,
                           .loss_lengths = batch.loss_lengths(),
                           .labels = batch.labels(),
                           .label_starts = batch.label_starts(),
                           .logits = logits_,
                           .d_logits = d_logits_,
                           .losses = losses_.as<double>().data(),
                           .probabilities = probabilities_,
                           .alpha = alpha_,
                           .beta = beta_,
                           .totals = totals_};
  if (ctc_) {
    ctc_(batch, problem);
  } else {
    ctc(stream_->get(), problem);
  }
  make_operand(batch);
}

template <class T>
double DeviceHead<T>::loss(const DeviceBatch& batch) const {
  const auto samples = static_cast<std::size_t>(batch.packed().samples());
  double sum = 0;
  for (const double loss : losses_.as<double>().first(samples)) sum += loss;
  return network_.loss == Loss::ctc ? sum : sum / static_cast<double>(samples);
}

template <class T>
void DeviceHead<T>::make_operand(const DeviceBatch& batch) {
  if constexpr (sizeof(T) == 2) {
    const long long count = static_cast<long long>(logit_rows(batch)) * network_.classes;
    convert(stream_->get(), count, d_logits_, scale_, scaled_);
  }
}

template <class T>
void DeviceHead<T>::input_gradient(const DeviceBatch& batch, const Matrix<T>& weights, float* dy) {
  (*products_)(Product<T>{.m = logit_rows(batch),
                          .n = width_,
                          .k = network_.classes,
                          .a = operand(),
                          .lda = network_.classes,
                          .b = weights.values,
                          .ldb = weights.stride,
                          .c = dy,
                          .ldc = width_});
}

template <class T>
void DeviceHead<T>::backward_last_steps(const DeviceBatch& batch, const Matrix<T>& weights) {
  if (!is_small()) input_gradient(batch, weights, d_last_y_);  // else it is there since forward
}

template <class T>
void DeviceHead<T>::backward(const DeviceBatch& batch, const Matrix<T>& weights, float* dy) {
  if (!network_.reads_every_step()) {
    backward_last_steps(batch, weights);
    return scatter_last(stream_->get(), batch.rows(), d_last_y_, width_, dy);
  }
  const int rows = logit_rows(batch), all_rows = batch.packed().rows();
  input_gradient(batch, weights, dy);
  if (rows < all_rows) {
    check(cudaMemsetAsync(dy + size(rows, width_), 0, size(all_rows - rows, width_) * sizeof(float),
                          stream_->get()),
          "clearing dy");
  }
}

template <class T>
void DeviceHead<T>::weight_gradient(const DeviceBatch& batch, const T* y, Products& products,
                                    float* d_weights) const {
  products(Product<T>{.transpose_a = true,
                      .m = network_.classes,
                      .n = width_,
                      .k = logit_rows(batch),
                      .a = operand(),
                      .lda = network_.classes,
                      .b = network_.reads_every_step() ? y : last_y_,
                      .ldb = width_,
                      .c = d_weights,
                      .ldc = width_,
                      .alpha = 1.0f / scale_});
}

template class DeviceHead<float>;
template class DeviceHead<Bf16>;
template class DeviceHead<Fp16>;

}  // namespace lstm::cuda
