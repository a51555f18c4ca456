// Parameters, their gradients and the state of Adam, each in one contiguous 64-byte aligned buffer.
#pragma once

#include <cstdint>
#include <span>

#include "cpu/memory.h"
#include "cpu/thread_team.h"
#include "kernels/adam/adam.h"
#include "lstm/engine.h"

namespace lstm::engines {

// The parameters of one direction of one layer, or their gradients.
struct DirectionTensors {
  float* W = nullptr;    // (4H, in)
  float* R = nullptr;    // (4H, H)
  float* b_W = nullptr;  // (4H)
  float* b_R = nullptr;  // (4H)
};

class ParameterStore {
 public:
  ParameterStore(const Network& network, const AdamOptions& adam, Isa isa);  // throws std::bad_alloc

  const ParameterLayout& layout() const { return layout_; }
  std::span<float> parameters() const { return parameters_; }
  std::span<float> gradients() const { return gradients_; }
  DirectionTensors parameters(int layer, int direction) const;
  DirectionTensors gradients(int layer, int direction) const;
  float* head() const { return parameters_.data() + layout_.head().offset; }
  float* head_gradient() const { return gradients_.data() + layout_.head().offset; }

  void set_gradients(std::span<const float> gradients);  // as Engine::set_gradients()
  // As Engine::clip_gradients(). The same bits for every number of threads.
  double clip_gradients(double max_norm, cpu::ThreadTeam& team);
  void set_learning_rate(double rate) { adam_.learning_rate = rate; }
  AdamState adam_state() const;
  void set_adam_state(const AdamState& state);  // as Engine::set_adam_state()
  // One step of Adam on all parameters, split over the team; the same bits for every number of threads.
  void update(cpu::ThreadTeam& team);

 private:
  ParameterLayout layout_;
  AdamOptions adam_;
  kernels::AdamFunction adam_function_;
  cpu::Arena arena_;
  std::span<float> parameters_, gradients_, m_, v_;
  std::span<double> square_sums_;  // of some gradients each
  std::int64_t updates_ = 0;
};

}  // namespace lstm::engines
