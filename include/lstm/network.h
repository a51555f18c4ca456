// The network that an engine trains: a stack of LSTM layers, a dense head without bias (or none), and a loss.
#pragma once

#include <cstdint>
#include <string_view>

namespace lstm {

enum class Loss {
  cross_entropy,  // mean over samples, reads each sample's last valid time step
  ctc,  // sum over samples, blank = class 0, softmax inside the loss, reads the first loss_lengths[n] steps
  custom,  // the caller's, of every valid time step: Engine::set_logit_gradients() takes the place of loss()
};

// Number format of the operands of products; sums are always at least fp32. tf32 and fp16 exist on GPUs only:
// tf32 keeps weights and activations in fp32 and rounds them to 10 bits of fraction where they are
// multiplied.
enum class DType { fp32, bf16, bf16x3, fp64, tf32, fp16 };

// "fp32", "bf16", "bf16x3", "fp64", "tf32", "fp16".
std::string_view name(DType dtype);

// Where an engine computes.
enum class Device { cpu, cuda };

struct Network {
  int inputs = 0;      // C, channels of X
  int units = 0;       // H
  int layers = 1;      // L
  int directions = 1;  // D: 1, or 2 for forward and reverse
  int classes = 0;     // V; 0: no head, with Loss::custom only, on a CPU only
  Loss loss = Loss::cross_entropy;

  bool operator==(const Network&) const = default;

  // Input width of a layer: C for the first, D*H for the others.
  int layer_inputs(int layer) const { return layer == 0 ? inputs : directions * units; }
  bool has_head() const { return classes > 0; }
  // Logits of a time step: V of the head, or without one the D*H of the last layer, [forward | reverse].
  int logits() const { return has_head() ? classes : directions * units; }
  // True where the head reads every time step, false where it reads each sample's last.
  bool reads_every_step() const { return loss != Loss::cross_entropy; }
};

// The largest batch that an engine is built for.
struct BatchShape {
  int samples = 0;      // N
  int time_steps = 0;   // T
  int max_labels = 1;   // S, the longest label sequence (CTC); 1 for cross-entropy
  int total_steps = 0;  // the largest sum of a batch's lengths, which memory is taken for; 0: N * T

  bool operator==(const BatchShape&) const = default;
};

// The sum of lengths that memory is taken for: total_steps, or N * T.
std::int64_t most_steps(const BatchShape& shape);

// Throw std::invalid_argument naming the field, what was got and what is expected: at most 2^18 units, 2^10
// layers, 2^20 inputs, classes, samples and labels, and samples * time_steps below 2^31.
void validate(const Network& network);
void validate(const BatchShape& shape);

}  // namespace lstm
