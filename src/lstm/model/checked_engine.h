// What every engine asks of its caller: the order of the calls of a training step, sizes, the numbers of
// Adam. Engines derive from it and compute.
#pragma once

#include "lstm/engine.h"

namespace lstm::model {

class CheckedEngine : public Engine {
 public:
  void load(const Batch& batch) final;
  void forward() final;
  void start_loss() final;
  double loss() final;
  void backward() final;
  void update() final;
  void read_logits(std::span<float> logits) const final;
  void set_logit_gradients(std::span<const float> gradients) final;
  void read_input_gradients(std::span<float> gradients) const final;
  void read_final_states(std::span<float> h, std::span<float> c) const final;
  void set_final_state_gradients(std::span<const float> h, std::span<const float> c) final;
  void read_initial_state_gradients(std::span<float> h, std::span<float> c) const final;
  void set_gradients(std::span<const float> gradients) final;
  double clip_gradients(double max_norm) final;
  void set_learning_rate(double rate) final;
  void set_adam_state(const AdamState& state) final;

 protected:
  // As the functions of Engine, which call them when nothing is wrong; but load_batch() validates the batch.
  virtual void load_batch(const Batch& batch) = 0;
  virtual void compute_forward() = 0;
  virtual void compute_loss() = 0;     // and its gradients; on a GPU nobody waits for them
  virtual double computed_loss() = 0;  // what compute_loss() has computed; waits for it
  virtual void compute_backward() = 0;
  virtual void compute_update() = 0;
  virtual void copy_logits(std::span<float> logits) const = 0;
  virtual void copy_logit_gradients(std::span<const float> gradients) = 0;
  // Whether backward computes the gradients of x; copy_input_gradients() is called only where it does.
  virtual bool has_input_gradients() const { return false; }
  virtual void copy_input_gradients(std::span<float>) const {}
  // Whether it takes initial states and gives final ones; the three below are called only where it does.
  virtual bool has_states() const { return false; }
  virtual void copy_final_states(std::span<float>, std::span<float>) const {}
  virtual void copy_final_state_gradients(std::span<const float>, std::span<const float>) {}
  virtual void clear_final_state_gradients() {}  // each forward begins without any
  virtual void copy_initial_state_gradients(std::span<float>, std::span<float>) const {}
  virtual void copy_gradients(std::span<const float> gradients) = 0;
  virtual double compute_clipping(double max_norm) = 0;
  virtual void use_learning_rate(double rate) = 0;
  virtual void use_adam_state(const AdamState& state) = 0;

 private:
  // What has been done for the batch. Without it a call would work on another batch, or on what backward has
  // overwritten.
  enum class Done { nothing, load, forward, loss, backward, update };
  void require(Done least, const char* call, const char* before) const;
  void require_before(Done end, const char* call, const char* what_happened) const;
  void require_gradients(const char* call) const;  // which no update has used
  void require_logits_size(std::size_t size) const;
  void require_states(const char* call) const;
  void require_states_size(std::size_t h, std::size_t c) const;
  void ensure_loss(const char* call);

  Done done_ = Done::nothing;
  bool has_loss_ = false;        // compute_loss() has been called since forward
  std::size_t logits_size_ = 0;  // of the batch
  std::size_t x_size_ = 0;       // likewise
  std::size_t states_size_ = 0;  // likewise
  bool has_initial_states_ = false;
};

}  // namespace lstm::model
