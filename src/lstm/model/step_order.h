// The order of the calls of a training step, for every engine to hold its caller to.
#pragma once

#include <stdexcept>
#include <string>

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
  // Or what stands for it.
  void loss(const char* call = "loss") {
    require(Done::forward, call, "forward");
    if (done_ == Done::forward) done_ = Done::loss;
  }
  // Once for each forward: engines overwrite what it has kept.
  void backward() {
    require(Done::loss, "backward", "forward and loss");
    if (done_ == Done::backward) throw std::invalid_argument("backward: called twice for one forward");
    done_ = Done::backward;
  }
  void read_logits() const { require(Done::forward, "read_logits", "forward"); }

 private:
  enum class Done { nothing, load, forward, loss, backward };

  void require(Done least, const char* call, const char* before) const {
    if (done_ >= least) return;
    throw std::invalid_argument(std::string(call) + ": called before " + before + " of the batch");
  }

  Done done_ = Done::nothing;
};

}  // namespace lstm::model
