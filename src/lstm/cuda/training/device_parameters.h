// Parameters, gradients and Adam's state on the device, with copies on the host that are made when somebody
// asks.
#pragma once

#include <span>

#include "cuda/runtime/memory.h"
#include "cuda/runtime/stream.h"
#include "lstm/engine.h"

namespace lstm::cuda {

// The parameters of one direction of one layer on the device, or their gradients.
struct DirectionTensors {
  float* W = nullptr;    // (4H, in)
  float* R = nullptr;    // (4H, H)
  float* b_W = nullptr;  // (4H)
  float* b_R = nullptr;  // (4H)
};

class DeviceParameters {
 public:
  DeviceParameters(const Network& network, const AdamOptions& adam,
                   const Stream& stream);  // throws std::bad_alloc

  const ParameterLayout& layout() const { return layout_; }

  float* on_device() const { return parameters_; }
  float* gradients_on_device() const { return gradients_; }
  DirectionTensors parameters(int layer, int direction) const;
  DirectionTensors gradients(int layer, int direction) const;
  float* head_gradient() const { return gradients_ + layout_.head().offset; }

  // The host's copies, brought up to date. What is written into the first is taken by the next upload().
  std::span<float> on_host();
  std::span<const float> gradients_on_host() const;

  void upload();             // where the host may have written
  void gradients_changed();  // by the device
  void update();             // one step of Adam
  // As Engine::set_gradients(). Waits for the device.
  void set_gradients(std::span<const float> gradients);
  // As Engine::clip_gradients(). Waits for the device.
  double clip_gradients(double max_norm);
  void set_learning_rate(double rate) { adam_.learning_rate = rate; }
  // As those of Engine. Both wait for the device.
  AdamState adam_state() const;
  void set_adam_state(const AdamState& state);

 private:
  ParameterLayout layout_;
  AdamOptions adam_;
  const Stream* stream_;
  DeviceArena arena_;
  float *parameters_ = nullptr, *gradients_ = nullptr, *m_ = nullptr, *v_ = nullptr;
  double* square_sums_ = nullptr;  // (kSquareSums), then their sum
  PinnedMemory host_square_sum_;
  PinnedMemory host_parameters_, host_gradients_;
  bool has_host_written_ = true, is_host_old_ = false;
  mutable bool are_host_gradients_old_ = false;
  std::int64_t updates_ = 0;
};

}  // namespace lstm::cuda
