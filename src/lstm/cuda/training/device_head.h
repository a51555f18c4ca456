// The dense head and the loss on the device, forward and backward, on the output of the last LSTM layer in
// packed rows. As engines/training/head.h: only rows that the loss reads are computed.
#pragma once

#include <functional>
#include <span>
#include <utility>

#include "cuda/kernels/ctc.h"
#include "cuda/kernels/loss.h"
#include "cuda/kernels/small_head.h"
#include "cuda/runtime/product.h"
#include "cuda/training/device_batch.h"
#include "cuda/training/weights.h"

namespace lstm::cuda {

template <class T>
class DeviceHead {
 public:
  // scale: what dy is multiplied by (loss_scale()). `stream`, `products` must outlive the head. Throws
  // std::bad_alloc.
  DeviceHead(const Network& network, const BatchShape& shape, float scale, const Stream& stream,
             Products& products);

  // y (rows, D*H) packed -> logits. Cross-entropy needs nothing but the labels: so its loss and the gradients
  // of the logits are part of it.
  void forward(const DeviceBatch& batch, const T* y, const Matrix<T>& weights);
  // CTC, behind forward(): has the device compute the loss and the gradients of the logits.
  void ctc_loss(const DeviceBatch& batch);
  // What either has computed, which the caller has waited for.
  double loss(const DeviceBatch& batch) const;
  // As Engine::set_logit_gradients(). Waits for the device.
  void set_logit_gradients(const DeviceBatch& batch, const Matrix<T>& weights,
                           std::span<const float> gradients);
  // As Engine::read_logits(). Waits for the device.
  void read_logits(const DeviceBatch& batch, std::span<float> logits) const;
  // Another implementation of ctc() in place of kernels/ctc.h.
  void use_ctc(std::function<void(const DeviceBatch&, const CtcProblem&)> ctc) { ctc_ = std::move(ctc); }
  // All after the gradients of logits. Writes all of dy (rows, D*H), which is multiplied by scale: zero where
  // the loss does not read y.
  void backward(const DeviceBatch& batch, const Matrix<T>& weights, float* dy);
  // The same for cross-entropy, which reads each sample's last step only: into d_last_y().
  void backward_last_steps(const DeviceBatch& batch, const Matrix<T>& weights);
  const float* d_last_y() const { return d_last_y_; }  // (N, D*H) by place, and zeros in zero_row()
  int zero_row() const { return zero_row_; }
  // Writes d_weights (V, D*H).
  void weight_gradient(const DeviceBatch& batch, const T* y, Products& products, float* d_weights) const;

  std::size_t bytes() const { return arena_.bytes(); }

 private:
  // Where every step is read: whole steps, up to the last that any sample's loss reads.
  int logit_rows(const DeviceBatch& batch) const;
  // Reads one step a sample, and has few classes.
  bool is_small() const { return !network_.reads_every_step() && network_.classes <= kFewClasses; }
  SmallHead<T> small_head(const DeviceBatch& batch, const Matrix<T>& weights) const;
  CrossEntropy<T> cross_entropy_loss(const DeviceBatch& batch) const;
  // Of the rows that the loss reads.
  void input_gradient(const DeviceBatch& batch, const Matrix<T>& weights, float* dy);
  // From d_logits_ to operand().
  void make_operand(const DeviceBatch& batch);
  // Gradients of logits as operands of products, times scale.
  T* operand() const {
    if constexpr (sizeof(T) == 2)
      return scaled_;
    else
      return d_logits_;
  }
  void plan(const BatchShape& shape);

  Network network_;
  float scale_;
  const Stream* stream_;
  Products* products_;
  int width_;  // D*H
  DeviceArena arena_;
  float* logits_ = nullptr;         // packed rows (N*T, V); cross-entropy: (N, V) by place
  float* d_logits_ = nullptr;       // likewise
  T* scaled_ = nullptr;             // likewise: operand() where T is 16 bits wide
  T* last_y_ = nullptr;             // cross-entropy: (N, D*H) by place
  float* d_last_y_ = nullptr;       // cross-entropy: (N + 1, D*H)
  Parts* probabilities_ = nullptr;  // CTC: packed rows (N*T, V)
  Parts* alpha_ = nullptr;          // CTC: (N, T, 2S + 1)
  Parts* beta_ = nullptr;           // CTC: (N, T, 2S + 1)
  Parts* totals_ = nullptr;         // CTC: (N)
  int max_labels_;
  int zero_row_;  // of d_last_y_
  std::function<void(const DeviceBatch&, const CtcProblem&)> ctc_;
  // (N) by place. The device writes them there, and the host adds them up: one launch less, and one order.
  PinnedMemory losses_;
};

}  // namespace lstm::cuda
