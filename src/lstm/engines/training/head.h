// The dense head, or none, and the loss, forward and backward, on the output of the last LSTM layer in packed
// rows (packed_batch.h). Only rows that the loss reads are computed: cross-entropy reads each sample's last
// step, other losses the steps in front of each sample's loss length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cpu/memory.h"
#include "cpu/thread_team.h"
#include "engines/training/logits.h"
#include "engines/training/packed_batch.h"
#include "kernels/ctc/ctc.h"
#include "kernels/gemm/gemm.h"
#include "kernels/softmax/softmax.h"

namespace lstm::engines {

class Head {
 public:
  // stored_units: of one direction in y, H where nothing is padded. `gemm` must outlive the head. Throws
  // std::bad_alloc.
  Head(const Network& network, const BatchShape& shape, int stored_units, Isa isa, cpu::ThreadTeam& team,
       kernels::Gemm& gemm);

  // y (rows, D*H) packed, weights (V, D*H) -> logits. Without weights y is kept: it must stay as it is for
  // read_logits().
  void forward(const PackedBatch& batch, const float* y, const float* weights);
  // Cross-entropy only: the same from y at each sample's last step, (N, D*H) by place, which the caller has
  // put into last_y().
  void forward_last_steps(const PackedBatch& batch, const float* weights) {
    forward_rows(batch, last_y_.data(), weights);
  }
  std::span<float> last_y() const { return last_y_; }
  // The loss of the logits, and their gradient.
  double loss(const PackedBatch& batch);
  // As Engine::set_logit_gradients().
  void set_logit_gradients(const PackedBatch& batch, std::span<const float> gradients);
  // As Engine::read_logits().
  void read_logits(const PackedBatch& batch, std::span<float> logits) const;
  // Writes d_weights (V, D*H) and all of dy (rows, D*H) packed: zero where the loss does not read y.
  void backward(const PackedBatch& batch, const float* y, const float* weights, float* d_weights, float* dy);

  // Cross-entropy only: writes d_weights and returns dy at each sample's last step, (N, D*H) by place; it is
  // zero elsewhere.
  const float* backward_last_steps(const PackedBatch& batch, const float* weights, float* d_weights);

  std::size_t workspace_bytes() const { return arena_.bytes(); }

 private:
  struct CtcScratch {
    std::span<float> logits;  // (T, V) of one sample, later their gradient
    std::span<float> work;    // what the kernel needs
  };

  int logit_rows(const PackedBatch& batch) const;
  void forward_rows(const PackedBatch& batch, const float* y, const float* weights);
  void plan();
  // y and dy are (logit rows, D*H).
  void backward_products(const PackedBatch& batch, const float* y, const float* weights, float* d_weights,
                         float* dy);
  void cross_entropy_loss(const PackedBatch& batch);
  void ctc_loss(const PackedBatch& batch);

  Network network_;
  BatchShape shape_;
  cpu::ThreadTeam* team_;
  kernels::Gemm* gemm_;
  kernels::SoftmaxFunction softmax_;
  kernels::CtcFunction ctc_;
  int width_;  // D*H, as stored
  LogitRow logit_row_;
  const float* y_ = nullptr;             // without a head, of the last forward
  std::vector<CtcScratch> ctc_scratch_;  // one a thread
  cpu::Arena arena_;
  std::span<float> logits_;         // packed rows (N*T, V); cross-entropy: (N, V) by place; no head: empty
  std::span<float> d_logits_;       // likewise; no head: (N*T, D*H)
  std::span<std::int32_t> labels_;  // cross-entropy: (N) by place
  std::span<float> row_losses_;     // cross-entropy: (N) by place
  std::span<float> last_y_;         // cross-entropy: (N, D*H) by place
  std::span<float> d_last_y_;       // cross-entropy: (N, D*H)
  std::span<double> losses_;        // (N) by place
};

}  // namespace lstm::engines
