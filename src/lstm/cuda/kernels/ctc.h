// Connectionist temporal classification of a batch on packed rows: losses and gradients (docs/ctc.md).
#pragma once

#include <cstddef>

#include "cuda/kernels/packed_rows.h"
#include "cuda/kernels/stream_handle.h"
#include "cuda/math/parts.h"

namespace lstm::cuda {

struct CtcProblem {
  PackedRows rows;     //
  int samples = 0;     // N
  int loss_steps = 0;  // rows of so many steps have a place in d_logits; the longest loss length
  int classes = 0;     // V, of which 0 is the blank
  int max_labels = 0;  // S, of the longest label sequence
  const int* loss_lengths = nullptr;  // (N) by place
  const int* labels = nullptr;        // all label sequences by place, one after the other
  const int* label_starts = nullptr;  // (N + 1) by place
  const float* logits = nullptr;      // (rows of loss_steps, V)
  float* d_logits = nullptr;          // (rows of loss_steps, V) out: zero behind a sample's loss length
  double* losses = nullptr;           // (N) by place, out; may be pinned memory
  // Scratch.
  Parts* probabilities = nullptr;  // (rows of loss_steps, V)
  Parts* alpha = nullptr;          // (N, loss_steps, 2S + 1), of which S + 1 blanks, then the labels
  Parts* beta = nullptr;           // the same
  Parts* totals = nullptr;         // (N): of all paths

  LSTM_HOST_DEVICE int states() const { return 2 * max_labels + 1; }
  LSTM_HOST_DEVICE std::size_t state_row(int place, int t) const {
    return (static_cast<std::size_t>(place) * static_cast<std::size_t>(loss_steps) +
            static_cast<std::size_t>(t)) *
           static_cast<std::size_t>(states());
  }
};

// Writes losses and d_logits. Where no path gives the labels the loss is infinite and the gradient zero.
void ctc(StreamHandle stream, const CtcProblem& problem);

}  // namespace lstm::cuda
