#include "model/checked_engine.h"

#include <stdexcept>
#include <string>
#include <utility>

#include "model/adam_options.h"

namespace lstm::model {

void CheckedEngine::require(Done least, const char* call, const char* before) const {
  if (done_ >= least) return;
  throw std::invalid_argument(std::string(call) + ": called before " + before + " of the batch");
}

void CheckedEngine::require_before(Done end, const char* call, const char* what_happened) const {
  if (done_ < end) return;
  throw std::invalid_argument(std::string(call) + ": " + what_happened);
}

void CheckedEngine::require_gradients(const char* call) const {
  require(Done::backward, call, "backward");
  require_before(Done::update, call, "called after update, which has used the gradients");
}

void CheckedEngine::require_logits_size(std::size_t size) const {
  if (size == logits_size_) return;
  throw std::invalid_argument("logits: got " + std::to_string(size) + " floats, expected " +
                              std::to_string(logits_size_));
}

void CheckedEngine::require_states(const char* call) const {
  if (has_states()) return;
  throw std::invalid_argument(std::string(call) + ": engines on a CPU only have initial and final states");
}

void CheckedEngine::require_states_size(std::size_t h, std::size_t c) const {
  for (const auto& [name, size] : {std::pair{"h", h}, std::pair{"c", c}}) {
    if (size == states_size_) continue;
    throw std::invalid_argument(std::string(name) + ": got " + std::to_string(size) + " floats, expected " +
                                std::to_string(states_size_) + " (layers * directions * samples * units)");
  }
}

void CheckedEngine::load(const Batch& batch) {
  done_ = Done::nothing;  // where load_batch() throws, the batch before is gone, in part or wholly
  if (!batch.initial_h.empty() || !batch.initial_c.empty()) require_states("initial states");
  load_batch(batch);
  logits_size_ = logits_size(network(), batch);
  x_size_ = batch.x.size();
  states_size_ = states_size(network(), batch);
  has_initial_states_ = !batch.initial_h.empty();
  done_ = Done::load;
}

void CheckedEngine::forward() {
  require(Done::load, "forward", "load");
  done_ = Done::forward;
  has_loss_ = false;
  clear_final_state_gradients();
  compute_forward();
}

void CheckedEngine::ensure_loss(const char* call) {
  if (network().loss == Loss::custom) {
    throw std::logic_error(std::string(call) +
                           ": a custom loss is the caller's; set_logit_gradients() takes its gradients");
  }
  require(Done::forward, call, "forward");
  if (!has_loss_) compute_loss();
  has_loss_ = true;
  if (done_ == Done::forward) done_ = Done::loss;
}

void CheckedEngine::start_loss() {
  require_before(Done::backward, "start_loss", "called after backward");
  ensure_loss("start_loss");
}

double CheckedEngine::loss() {
  ensure_loss("loss");
  return computed_loss();
}

void CheckedEngine::backward() {
  require(Done::loss, "backward", "forward and loss");
  require_before(Done::backward, "backward", "called twice for one forward");
  done_ = Done::backward;
  compute_backward();
}

void CheckedEngine::update() {
  require(Done::backward, "update", "backward");
  require_before(Done::update, "update", "called twice for one backward");
  done_ = Done::update;
  compute_update();
}

void CheckedEngine::read_logits(std::span<float> logits) const {
  require(Done::forward, "read_logits", "forward");
  require_logits_size(logits.size());
  copy_logits(logits);
}

void CheckedEngine::set_logit_gradients(std::span<const float> gradients) {
  require(Done::forward, "set_logit_gradients", "forward");
  require_before(Done::backward, "set_logit_gradients", "called after backward");
  require_logits_size(gradients.size());
  // Before they are there: its value and its gradients come from one pass, which would overwrite them.
  if (network().loss != Loss::custom) ensure_loss("set_logit_gradients");
  copy_logit_gradients(gradients);
  done_ = Done::loss;
}

void CheckedEngine::read_input_gradients(std::span<float> gradients) const {
  if (!has_input_gradients()) {
    throw std::invalid_argument(
        "read_input_gradients: the engine was made without EngineOptions::input_gradients");
  }
  require(Done::backward, "read_input_gradients", "backward");
  if (gradients.size() != x_size_) {
    throw std::invalid_argument("input gradients: got " + std::to_string(gradients.size()) +
                                " floats, expected " + std::to_string(x_size_) + " (as many as x)");
  }
  copy_input_gradients(gradients);
}

void CheckedEngine::read_final_states(std::span<float> h, std::span<float> c) const {
  require_states("read_final_states");
  require(Done::forward, "read_final_states", "forward");
  require_states_size(h.size(), c.size());
  copy_final_states(h, c);
}

void CheckedEngine::set_final_state_gradients(std::span<const float> h, std::span<const float> c) {
  require_states("set_final_state_gradients");
  require(Done::forward, "set_final_state_gradients", "forward");
  require_before(Done::backward, "set_final_state_gradients", "called after backward");
  require_states_size(h.size(), c.size());
  copy_final_state_gradients(h, c);
}

void CheckedEngine::read_initial_state_gradients(std::span<float> h, std::span<float> c) const {
  require_states("read_initial_state_gradients");
  require(Done::backward, "read_initial_state_gradients", "backward");
  if (!has_initial_states_) {
    throw std::invalid_argument("read_initial_state_gradients: the batch has no initial states");
  }
  require_states_size(h.size(), c.size());
  copy_initial_state_gradients(h, c);
}

void CheckedEngine::set_gradients(std::span<const float> gradients) {
  require_gradients("set_gradients");
  if (gradients.size() != layout().size()) {
    throw std::invalid_argument("gradients: got " + std::to_string(gradients.size()) + ", expected " +
                                std::to_string(layout().size()) + " (one a parameter)");
  }
  copy_gradients(gradients);
}

double CheckedEngine::clip_gradients(double max_norm) {
  require_gradients("clip_gradients");
  if (max_norm > 0) return compute_clipping(max_norm);
  throw std::invalid_argument("max_norm: got " + std::to_string(max_norm) + ", expected more than 0");
}

void CheckedEngine::set_learning_rate(double rate) {
  use_learning_rate(checked_learning_rate(rate));
}

void CheckedEngine::set_adam_state(const AdamState& state) {
  if (state.updates < 0) {
    throw std::invalid_argument("updates: got " + std::to_string(state.updates) + ", expected at least 0");
  }
  for (const auto* moments : {&state.first_moments, &state.second_moments}) {
    if (moments->size() == layout().size()) continue;
    throw std::invalid_argument("moments: got " + std::to_string(moments->size()) + ", expected " +
                                std::to_string(layout().size()) + " (one a parameter)");
  }
  use_adam_state(state);
}

}  // namespace lstm::model
