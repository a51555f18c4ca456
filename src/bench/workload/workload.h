// A workload: network + data + loss, the same for every implementation.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lstmbench {

enum class Loss { cross_entropy, ctc };

struct Workload {
  std::string name;    // "1x320/CE-short"
  std::string source;  // "built in", or the TOML file that defined it

  // Network
  int layers = 1;      // L
  int units = 0;       // H
  int directions = 1;  // D
  int classes = 0;     // V
  Loss loss = Loss::cross_entropy;

  // Data
  int samples = 0;     // N
  int time_steps = 0;  // T
  int channels = 0;    // C
  int labels = 1;      // labels a sample (CTC)
  int min_length = 0;  // lengths are int32(linspace(min_length, T, N)); = T where all are equal
  bool pads =
      false;  // the LSTM runs over all T steps of every sample; lengths are only CTC's (4x320/CTC-padded)
  std::uint32_t seed = 11;

  bool has_equal_lengths() const { return pads || min_length == time_steps; }  // as seen by the LSTM
  std::int64_t parameters() const;
  // Useful floating-point operations of forward + loss + backward over the valid steps (see
  // docs/workloads.md).
  double flops() const;
};

// Throws std::invalid_argument naming the field, what was got and what is expected.
void validate(const Workload& workload);

}  // namespace lstmbench
