// The order of the calls of a training step, for every engine to hold its caller to.
#pragma once

#include <stdexcept>
#include <string>

#include "lstm/network.h"

namespace lstm::model {

// Each throws std::invalid_argument where the call has nothing to work on: results would be those of another
// batch, or made of what backward has overwritten.
class StepOrder {
 public:
  void load() { done_ = Done::load; }
  void forward() {
    require(Done::load, "forward", "load");
    done_ = Done::forward;
  }
  // Throws std::logic_error for a custom loss, which engines cannot compute.
  void before_loss(Loss loss) const {
    if (loss == Loss::custom) {
      throw std::logic_error(
          "loss: a custom loss is the caller's; set_logit_gradients() takes its gradients");
    }
    require(Done::forward, "loss", "forward");
  }
  void before_logit_gradients() const { require(Done::forward, "set_logit_gradients", "forward"); }
  // After either of the two.
  void has_logit_gradients() {
    if (done_ == Done::forward) done_ = Done::loss;
  }
  // Once for each forward: engines overwrite what it has kept.
  void backward() {
    require(Done::loss, "backward", "forward and loss");
    if (done_ == Done::backward) throw std::invalid_argument("backward: called twice for one forward");
    done_ = Done::backward;
  }
  void before_read_logits() const { require(Done::forward, "read_logits", "forward"); }

 private:
  enum class Done { nothing, load, forward, loss, backward };

  void require(Done least, const char* call, const char* before) const {
    if (done_ >= least) return;
    throw std::invalid_argument(std::string(call) + ": called before " + before + " of the batch");
  }

  Done done_ = Done::nothing;
};

}  // namespace lstm::model
