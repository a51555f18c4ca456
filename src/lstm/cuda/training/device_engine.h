// Everything of a training step on the device but the LSTM layers: loading, head, loss, parameters, Adam.
// Engines for a GPU derive from it and add their layers. T is what products take: float (fp32 and tf32), Bf16
// or Fp16.
//
// An engine stays on the device that was current when it was made: each call of Engine makes it current, and
// the one before again when it returns.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "cuda/runtime/current_device.h"
#include "cuda/runtime/product.h"
#include "cuda/runtime/stream.h"
#include "cuda/training/device_batch.h"
#include "cuda/training/device_head.h"
#include "cuda/training/device_parameters.h"
#include "cuda/training/recordings.h"
#include "cuda/training/weights.h"
#include "lstm/engine.h"
#include "model/checked_engine.h"

namespace lstm::cuda {

// A stream with the products that run in it: engines have one for each direction.
struct Lane {
  explicit Lane(DType dtype, Priority priority = Priority::greatest)
      : stream(priority), products(stream, dtype) {}

  Stream stream;
  Products products;
  Event event;  // for another lane to wait for
};

template <class T>
class DeviceEngine : public model::CheckedEngine {
 public:
  const Network& network() const final { return network_; }
  const ParameterLayout& layout() const final { return parameters_.layout(); }
  std::span<float> parameters() final {
    const DeviceScope scope(device_);
    return parameters_.on_host();
  }
  std::span<const float> gradients() const final {
    const DeviceScope scope(device_);
    return parameters_.gradients_on_host();
  }

  AdamState adam_state() const final {
    const DeviceScope scope(device_);
    return parameters_.adam_state();
  }

  void synchronise() final {
    const DeviceScope scope(device_);
    main().stream.synchronise();
  }
  std::optional<DeviceTimes> device_times() final;
  std::size_t workspace_bytes() const final;

 protected:
  void load_batch(const Batch& batch) final;
  void compute_forward() final;
  void compute_loss() final;
  double computed_loss() final;
  void compute_backward() final;
  void copy_logits(std::span<float> logits) const final {
    const DeviceScope scope(device_);
    head_.read_logits(batch_, logits);
  }
  void copy_logit_gradients(std::span<const float> gradients) final {
    const DeviceScope scope(device_);
    head_.set_logit_gradients(batch_, weights_.head(), gradients);
  }
  void compute_update() final {
    const DeviceScope scope(device_);
    parameters_.update();
  }
  void copy_gradients(std::span<const float> gradients) final {
    const DeviceScope scope(device_);
    parameters_.set_gradients(gradients);
  }
  double compute_clipping(double max_norm) final {
    const DeviceScope scope(device_);
    return parameters_.clip_gradients(max_norm);
  }
  void use_learning_rate(double rate) final { parameters_.set_learning_rate(rate); }
  void use_adam_state(const AdamState& state) final {
    const DeviceScope scope(device_);
    parameters_.set_adam_state(state);
  }

  // Throws std::invalid_argument naming `engine` where its dtype is not one of T's. With Operands::head there
  // are no weights().W and R, and x is not padded.
  DeviceEngine(const char* engine, const Network& network, const BatchShape& shape,
               const EngineOptions& options, const AdamOptions& adam, Operands operands = Operands::all);

  // Rows are those of batch(). Everything is put into main().stream, or into streams that wait for it and
  // that it waits for; nothing waits for the device. Pointers must stay the same from step to step.
  virtual void branch_off() {}  // streams for what needs neither x() nor weights() follow main() from here
  virtual void forward_layers() = 0;  // from x() and weights() to y()
  virtual const T* y() const = 0;     // (rows, D*H) of the last layer
  virtual float* dy() = 0;            // (rows, D*H) of the last layer, filled before backward_layers
  // From dy(), which is multiplied by scale(), to the gradients of all LSTM parameters, which are not. They
  // hold what the step before left. Calls head_gradient(), for it to start where it is least in the way.
  virtual void backward_layers() = 0;
  // Whether backward_layers() takes head().d_last_y() in place of dy(), which nobody fills then.
  virtual bool takes_last_dy() const { return false; }
  virtual std::size_t layer_bytes() const = 0;
  // Whether forward and backward are started as graphs. Then what the layers put into streams may depend on
  // nothing but batch().pattern() and what memory on the device holds.
  virtual bool is_recorded() const { return false; }

  // That of the head's weights, in main() or a lane that follows it and that it waits for.
  void head_gradient(Lane& lane) {
    head_.weight_gradient(batch_, y(), lane.products, parameters_.head_gradient());
  }

  const BatchShape& shape() const { return shape_; }
  const DeviceBatch& batch() const { return batch_; }
  DeviceParameters& store() { return parameters_; }
  const DeviceParameters& store() const { return parameters_; }
  const Weights<T>& weights() const { return weights_; }
  DeviceHead<T>& head() { return head_; }
  int width() const { return network_.directions * network_.units; }  // D*H
  int most_rows() const { return batch_.packed().most_rows(); }
  DType dtype() const { return dtype_; }
  float scale() const { return scale_; }

  // The packed input (rows, x_stride()), columns C..x_stride()-1 zero.
  const T* x() const { return x_; }
  int x_stride() const { return operands_ == Operands::head ? network_.inputs : padded_inputs(network_, 0); }

  Lane& main() { return *lanes_[0]; }
  // Of each direction; that of the forward one is main().
  Lane& lane(int direction) { return *lanes_[static_cast<std::size_t>(direction)]; }
  void follow_main(const Stream& stream);  // it waits for what main() has been given until now
  void main_follows(Lane& lane);           // main() waits for what the lane has been given until now
  // The same for the other direction's lane, if there is one.
  void fork();
  void join();

  // "NVIDIA H100 80GB HBM3, bf16".
  std::string device_and_dtype() const;

  // From here on the engine only ends.
  void begin_to_end() { end_.emplace(device_); }

 private:
  void forward_step();
  void backward_step();
  // Cross-entropy is part of forward's launches.
  const Event& loss_end() const { return network_.loss == Loss::ctc ? loss_ends_ : forward_ends_; }

  int device_ = current_device();
  std::optional<DeviceScope> end_;  // in front of everything that lies on the device: it ends behind that
  Network network_;
  BatchShape shape_;
  DType dtype_;
  Operands operands_;
  float scale_;
  std::array<std::unique_ptr<Lane>, 2> lanes_;
  DeviceBatch batch_;
  DeviceParameters parameters_;
  Weights<T> weights_;
  DeviceHead<T> head_;
  DeviceArena arena_;
  T* x_ = nullptr;  // (N*T, x_stride)
  Recordings forward_, backward_;
  Event forward_starts_{true}, forward_ends_{true}, loss_ends_{true}, backward_ends_{true};
  bool is_backward_started_ = false, is_loss_in_time_ = false;  // since forward; before backward
};

// Any of them, which ends on its device, whichever is current then.
template <class AnyEngine>
class EndsOnItsDevice final : public AnyEngine {
 public:
  using AnyEngine::AnyEngine;
  ~EndsOnItsDevice() override { this->begin_to_end(); }
};

// An EngineOf<T> for the T of the dtype that options ask for. Throws std::invalid_argument for other dtypes.
template <template <class> class EngineOf>
std::unique_ptr<Engine> make_for_dtype(const char* name, const Network& network, const BatchShape& shape,
                                       const EngineOptions& options, const AdamOptions& adam) {
  switch (options.dtype) {
    case DType::bf16:
      return std::make_unique<EndsOnItsDevice<EngineOf<Bf16>>>(name, network, shape, options, adam);
    case DType::fp16:
      return std::make_unique<EndsOnItsDevice<EngineOf<Fp16>>>(name, network, shape, options, adam);
    default:  // the constructor knows fp32 and tf32 only
      return std::make_unique<EndsOnItsDevice<EngineOf<float>>>(name, network, shape, options, adam);
  }
}

}  // namespace lstm::cuda
