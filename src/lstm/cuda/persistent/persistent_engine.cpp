#include "cuda/persistent/persistent_engine.h"

#include <vector>

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
class PersistentEngine final : public BatchedEngine<T> {
  using typename BatchedEngine<T>::Kept;

 public:
  PersistentEngine(const char* name, const Network& network, const BatchShape& shape,
                   const EngineOptions& options, const AdamOptions& adam)
      : BatchedEngine<T>(name, network, shape, options, adam),
        plan_(persistent::make_plan(arithmetic_of(options.dtype), network.units, shape.samples,
                                    network.directions, persistent::device_limits())),
        weight_lane_(options.dtype, Priority::least),
        packed_(static_cast<std::size_t>(network.layers * network.directions)) {
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

  void forward_layers() override {
    for (int layer = 0; layer < this->network().layers; ++layer) {
      this->fork();
      for (int direction = 0; direction < this->network().directions; ++direction) {
        prepare(layer, direction);
      }
      this->join();
      recur_forward(layer);
    }
  }

  // Weight gradients of a layer run in a stream of their own, beside the recurrences of the layers below.
  // Those come first where both wait for multiprocessors: one cluster that starts behind a product is a whole
  // recurrence that ends later.
  void backward_layers() override {
    for (int layer = this->network().layers - 1; layer >= 0; --layer) {
      recur_backward(layer);
      this->main().stream.record(this->main().event);
      weight_lane_.stream.wait_for(this->main().event);
      for (int direction = 0; direction < this->network().directions; ++direction) {
        this->weight_gradients(weight_lane_, layer, direction);
      }
      if (layer > 0) this->input_gradients(layer);
    }
    weight_lane_.stream.record(weight_lane_.event);
    this->main().stream.wait_for(weight_lane_.event);
  }

 private:
  // R of one layer and direction as the kernels load it.
  struct PackedWeights {
    persistent::Words* forward = nullptr;
    persistent::Words* backward = nullptr;
  };

  void plan() {
    using persistent::Pass;
    const auto take = [this](Pass pass) {
      return arena_.take<persistent::Words>(persistent::packed_bytes(plan_.geometry, pass) /
                                            sizeof(persistent::Words));
    };
    for (PackedWeights& packed : packed_) packed = {take(Pass::forward), take(Pass::backward)};
    exchange_ = arena_.take<std::byte>(plan_.exchange_bytes());
  }

  const PackedWeights& packed_at(int layer, int direction) const {
    return packed_[static_cast<std::size_t>(layer * this->network().directions + direction)];
  }

  // All that the recurrence of one direction needs: W x of all rows, and R packed.
  void prepare(int layer, int direction) {
    const cudaStream_t stream = this->lane(direction).stream.get();
    const PackedWeights& packed = packed_at(layer, direction);
    const float* R = this->store().parameters(layer, direction).R;
    persistent::pack(stream, plan_.geometry, persistent::Pass::forward, R, packed.forward);
    persistent::pack(stream, plan_.geometry, persistent::Pass::backward, R, packed.backward);
    this->input_products(layer, direction);
  }

  void recur_forward(int layer) {
    persistent::ForwardArguments<T> arguments{.geometry = plan_.geometry,
                                              .parts = plan_.parts,
                                              .time_steps = this->batch().rows().steps,
                                              .row_starts = this->batch().rows().row_starts,
                                              .y_row = this->width()};
    for (int direction = 0; direction < this->network().directions; ++direction) {
      const Kept& kept = this->kept_at(layer, direction);
      const DirectionTensors parameters = this->store().parameters(layer, direction);
      arguments.weights[direction] = packed_at(layer, direction).forward;
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
    persistent::BackwardArguments<T> arguments{.geometry = plan_.geometry,
                                               .time_steps = this->batch().rows().steps,
                                               .row_starts = this->batch().rows().row_starts,
                                               .y_row = this->width()};
    for (int direction = 0; direction < this->network().directions; ++direction) {
      const Kept& kept = this->kept_at(layer, direction);
      arguments.weights[direction] = packed_at(layer, direction).backward;
      arguments.gates[direction] = kept.gates;
      arguments.c[direction] = kept.c;
      arguments.dy[direction] = this->dy_of(layer) + direction * this->H();
    }
    persistent::launch(this->main().stream.get(), plan_, arguments, exchange_);
  }

  persistent::Plan plan_;
  Lane weight_lane_;
  DeviceArena arena_;
  std::vector<PackedWeights> packed_;  // by layer and direction
  std::byte* exchange_ = nullptr;
};

}  // namespace

std::unique_ptr<Engine> make_persistent_engine(const Network& network, const BatchShape& shape,
                                               const EngineOptions& options, const AdamOptions& adam) {
  return make_for_dtype<PersistentEngine>("cuda/persistent", network, shape, options, adam);
}

}  // namespace lstm::cuda
