#include "cuda/persistent/persistent_engine.h"

#include <vector>

#include "cuda/kernels/parameters.h"
#include "cuda/persistent/launch.h"
#include "cuda/training/batched_engine.h"

namespace lstm::cuda {
namespace {

persistent::Arithmetic arithmetic_of(DType dtype) {
  switch (dtype) {
    case DType::tf32:
      return persistent::Arithmetic::tf32;
    case DType::bf16:
      return persistent::Arithmetic::bf16;
    case DType::fp16:
      return persistent::Arithmetic::fp16;
    default:
      return persistent::Arithmetic::fp32;
  }
}

template <class T>
class PersistentEngine : public BatchedEngine<T> {
  using typename BatchedEngine<T>::Kept;

 public:
  PersistentEngine(const char* name, const Network& network, const BatchShape& shape,
                   const EngineOptions& options, const AdamOptions& adam)
      : BatchedEngine<T>(name, network, shape, options, adam, Operands::all_but_R),
        plan_(persistent::make_plan(arithmetic_of(options.dtype), network.units, shape.samples,
                                    network.directions, persistent::device_limits())),
        weight_lane_(options.dtype, Priority::least) {
    for (int layer = 0; layer < network.layers; ++layer) {
      for (int direction = 0; direction < network.directions; ++direction) {
        R_.push_back(this->store().parameters(layer, direction).R);
      }
    }
    plan();
    arena_.allocate();
    plan();
  }

  std::string description() const override {
    return this->device_and_dtype() + ", a layer a launch on " + plan_.text();
  }

 protected:
  std::size_t layer_bytes() const override {
    return BatchedEngine<T>::layer_bytes() + arena_.bytes() + weight_lane_.products.workspace_bytes();
  }
  // Cooperative launches have not been tried in a recording.
  bool is_recorded() const override { return plan_.is_cluster; }

  // R is packed beside what the first products wait for, and beside those: nothing waits for the images of
  // backward but the end of forward. A graph starts what waits for nothing one after the other, microseconds
  // apart, in the order in which it was recorded: hence behind the operands of the products.
  void branch_off() override { this->follow_main(packing_); }
  void forward_layers() override {
    pack(persistent::Pass::forward, forward_images_);
    packing_.record(is_forward_packed_);
    pack(persistent::Pass::backward, backward_images_);
    packing_.record(is_backward_packed_);
    for (int layer = 0; layer < this->network().layers; ++layer) {
      this->fork();
      for (int direction = 0; direction < this->network().directions; ++direction) {
        this->input_products(layer, direction);
      }
      this->join();
      if (layer == 0) this->main().stream.wait_for(is_forward_packed_);
      recur_forward(layer);
    }
    this->main().stream.wait_for(is_backward_packed_);
  }

  bool takes_last_dy() const override { return !this->network().reads_every_step(); }

  // Weight gradients of a layer run in a stream of their own, beside the recurrences of the layers below; the
  // head's beside that of the last layer. Recurrences come first where both wait for multiprocessors (one
  // cluster that starts behind a product is a whole recurrence that ends later), and are recorded first where
  // both wait for nothing, as in forward.
  void backward_layers() override {
    const int last = this->network().layers - 1;
    this->follow_main(weight_lane_.stream);
    recur_backward(last);
    this->head_gradient(weight_lane_);
    for (int layer = last; layer > 0; --layer) {
      this->follow_main(weight_lane_.stream);
      for (int direction = 0; direction < this->network().directions; ++direction) {
        this->W_gradient(weight_lane_, layer, direction);
        this->R_gradient(weight_lane_, layer, direction);
        bias_gradients(weight_lane_.stream, layer, direction);
      }
      this->input_gradients(layer);
      recur_backward(layer - 1);
    }
    this->follow_main(weight_lane_.stream);
    first_weight_gradients();
  }

 private:
  using Words = persistent::Words;

  void plan() {
    forward_images_ = arena_.take<Words>(R_.size() * image_words(persistent::Pass::forward));
    backward_images_ = arena_.take<Words>(R_.size() * image_words(persistent::Pass::backward));
    bias_sums_ = arena_.take<float>(R_.size() * bias_sums_size());
    exchange_ = arena_.take<std::byte>(plan_.exchange_bytes());
  }

  std::size_t image_words(persistent::Pass pass) const {
    return persistent::packed_bytes(plan_.geometry, pass) / sizeof(Words);
  }
  // R of one layer and direction as the kernels load it.
  const Words* forward_image(int layer, int direction) const {
    return forward_images_ + image(layer, direction) * image_words(persistent::Pass::forward);
  }
  const Words* backward_image(int layer, int direction) const {
    return backward_images_ + image(layer, direction) * image_words(persistent::Pass::backward);
  }
  std::size_t bias_sums_size() const {
    return static_cast<std::size_t>(this->shape().samples) * static_cast<std::size_t>(this->gates());
  }
  float* bias_sums_of(int layer, int direction) const {
    return bias_sums_ + image(layer, direction) * bias_sums_size();
  }
  std::size_t image(int layer, int direction) const {
    return static_cast<std::size_t>(layer * this->network().directions + direction);
  }

  void pack(persistent::Pass pass, Words* images) {
    persistent::pack(packing_.get(), plan_.geometry, pass, R_, images);
  }

  // The recurrence has summed over the steps; what is left are the samples.
  void bias_gradients(const Stream& stream, int layer, int direction) {
    const DirectionTensors gradients = this->store().gradients(layer, direction);
    bias_gradient_of_sums(stream.get(), this->batch().packed().samples(), this->gates(),
                          bias_sums_of(layer, direction), 1.0f / this->scale(), false, gradients.b_W,
                          gradients.b_R);
  }

  // Those of the first layer have nothing to run beside but each other. dW has most launches one behind the
  // other (its sum over parts, its rows without padding), so that it comes first, and dR hides them. dR comes
  // after those of the layers above, whose scratch it uses.
  void first_weight_gradients() {
    this->follow_main(side_);
    for (int direction = 0; direction < this->network().directions; ++direction) {
      this->W_gradient(this->main(), 0, direction);
      this->R_gradient(weight_lane_, 0, direction);
      bias_gradients(side_, 0, direction);
    }
    this->main_follows(weight_lane_);
    side_.record(are_biases_done_);
    this->main().stream.wait_for(are_biases_done_);
  }

  void recur_forward(int layer) {
    persistent::ForwardArguments<T> arguments{.geometry = plan_.geometry,
                                              .parts = plan_.parts,
                                              .lengths = this->batch().lengths(),
                                              .row_starts = this->batch().rows().row_starts,
                                              .y_row = this->width()};
    for (int direction = 0; direction < this->network().directions; ++direction) {
      const Kept& kept = this->kept_at(layer, direction);
      const DirectionTensors parameters = this->store().parameters(layer, direction);
      arguments.weights[direction] = forward_image(layer, direction);
      arguments.b_W[direction] = parameters.b_W;
      arguments.b_R[direction] = parameters.b_R;
      arguments.sums[direction] = this->sums_of(layer, direction);
      arguments.gates[direction] = kept.gates;
      arguments.c[direction] = kept.c;
      arguments.y[direction] = this->h_of(layer, direction);
    }
    persistent::launch(this->main().stream.get(), plan_, arguments, exchange_);
  }

  void recur_backward(int layer) {
    const bool is_dy_last = takes_last_dy() && layer == this->network().layers - 1;
    const float* const dy = is_dy_last ? this->head().d_last_y() : this->dy_of(layer);
    persistent::BackwardArguments<T> arguments{.geometry = plan_.geometry,
                                               .lengths = this->batch().lengths(),
                                               .row_starts = this->batch().rows().row_starts,
                                               .y_row = this->width(),
                                               .zero_dy_row = is_dy_last ? this->head().zero_row() : -1};
    for (int direction = 0; direction < this->network().directions; ++direction) {
      const Kept& kept = this->kept_at(layer, direction);
      arguments.weights[direction] = backward_image(layer, direction);
      arguments.gates[direction] = kept.gates;
      arguments.c[direction] = kept.c;
      arguments.dy[direction] = dy + direction * this->H();
      arguments.bias_sums[direction] = bias_sums_of(layer, direction);
    }
    persistent::launch(this->main().stream.get(), plan_, arguments, exchange_);
  }

  persistent::Plan plan_;
  Lane weight_lane_;
  Stream side_, packing_;  // for small things beside main()
  Event is_forward_packed_, is_backward_packed_, are_biases_done_;
  DeviceArena arena_;
  std::vector<const float*> R_;  // by layer and direction, as are the images
  Words* forward_images_ = nullptr;
  Words* backward_images_ = nullptr;
  float* bias_sums_ = nullptr;  // likewise, (N, 4H) each
  std::byte* exchange_ = nullptr;
};

}  // namespace

std::unique_ptr<Engine> make_persistent_engine(const Network& network, const BatchShape& shape,
                                               const EngineOptions& options, const AdamOptions& adam) {
  return make_for_dtype<PersistentEngine>("cuda/persistent", network, shape, options, adam);
}

}  // namespace lstm::cuda
