#include "cuda/training/device_engine.h"

#include <stdexcept>

#include "cuda/kernels/operands.h"
#include "cuda/runtime/check.h"

namespace lstm::cuda {
namespace {

template <class T>
constexpr bool has_dtype(DType dtype) {
  return dtype == DType::fp32 || dtype == DType::tf32;
}
template <>
constexpr bool has_dtype<Bf16>(DType dtype) {
  return dtype == DType::bf16;
}
template <>
constexpr bool has_dtype<Fp16>(DType dtype) {
  return dtype == DType::fp16;
}

template <class T>
DType require_dtype(const char* engine, DType dtype) {
  if (has_dtype<T>(dtype)) return dtype;
  throw std::invalid_argument(std::string(engine) + ": does not support dtype " + std::string(name(dtype)));
}

}  // namespace

template <class T>
DeviceEngine<T>::DeviceEngine(const char* engine, const Network& network, const BatchShape& shape,
                              const EngineOptions& options, const AdamOptions& adam, Operands operands)
    : network_(network),
      shape_(shape),
      dtype_(require_dtype<T>(engine, options.dtype)),
      operands_(operands),
      scale_(loss_scale(dtype_, network.loss, shape.samples)),
      lanes_{std::make_unique<Lane>(dtype_),
             network.directions == 2 ? std::make_unique<Lane>(dtype_) : nullptr},
      batch_(network, shape),
      parameters_(network, adam, main().stream),
      weights_(network, operands, parameters_, main().stream),
      head_(network, shape, scale_, main().stream, main().products) {
  const auto plan = [this] {
    x_ = arena_.take<T>(static_cast<std::size_t>(most_rows()) * static_cast<std::size_t>(x_stride()));
  };
  plan();
  arena_.allocate();
  plan();
}

template <class T>
void DeviceEngine<T>::load_batch(const Batch& batch) {
  const DeviceScope scope(device_);
  batch_.load(batch, main().stream);
  parameters_.upload();
}

template <class T>
void DeviceEngine<T>::compute_forward() {
  const DeviceScope scope(device_);
  is_backward_started_ = is_loss_in_time_ = false;
  main().stream.record(forward_starts_);
  if (is_recorded()) {
    forward_.run(main().stream, batch_.pattern(), [this] { forward_step(); });
  } else {
    forward_step();
  }
  main().stream.record(forward_ends_);
}

template <class T>
void DeviceEngine<T>::compute_loss() {
  is_loss_in_time_ = !is_backward_started_;
  if (network_.loss != Loss::ctc) return;
  const DeviceScope scope(device_);
  head_.ctc_loss(batch_);
  main().stream.record(loss_ends_);
}

template <class T>
double DeviceEngine<T>::computed_loss() {
  const DeviceScope scope(device_);
  loss_end().synchronise();
  return head_.loss(batch_);
}

template <class T>
void DeviceEngine<T>::forward_step() {
  branch_off();
  make_operands<T>(main().stream.get(),
                   {.rows = batch_.rows(),
                    .loaded = batch_.loaded_rows(),
                    .order = batch_.order(),
                    .x = batch_.x(),
                    .inputs = network_.inputs,
                    .stride = x_stride(),
                    .packed = x_},
                   weights_.copies());
  forward_layers();
  head_.forward(batch_, y(), weights_.head());
}

template <class T>
void DeviceEngine<T>::compute_backward() {
  const DeviceScope scope(device_);
  parameters_.gradients_changed();
  if (is_recorded()) {
    backward_.run(main().stream, batch_.pattern(), [this] { backward_step(); });
  } else {
    backward_step();
  }
  main().stream.record(backward_ends_);
  is_backward_started_ = true;
}

template <class T>
void DeviceEngine<T>::backward_step() {
  if (takes_last_dy()) {
    head_.backward_last_steps(batch_, weights_.head());
  } else {
    head_.backward(batch_, weights_.head(), dy());
  }
  backward_layers();
}

template <class T>
std::optional<DeviceTimes> DeviceEngine<T>::device_times() {
  if (!is_backward_started_) return std::nullopt;
  const DeviceScope scope(device_);
  backward_ends_.synchronise();
  const Event& loss_ends = is_loss_in_time_ ? loss_end() : forward_ends_;
  return DeviceTimes{.forward_ns = forward_ends_.nanoseconds_since(forward_starts_),
                     .loss_ns = loss_ends.nanoseconds_since(forward_ends_),
                     .backward_ns = backward_ends_.nanoseconds_since(loss_ends)};
}

template <class T>
void DeviceEngine<T>::follow_main(const Stream& stream) {
  main().stream.record(main().event);
  stream.wait_for(main().event);
}

template <class T>
void DeviceEngine<T>::main_follows(Lane& lane) {
  lane.stream.record(lane.event);
  main().stream.wait_for(lane.event);
}

template <class T>
void DeviceEngine<T>::fork() {
  if (lanes_[1] != nullptr) follow_main(lanes_[1]->stream);
}

template <class T>
void DeviceEngine<T>::join() {
  if (lanes_[1] != nullptr) main_follows(*lanes_[1]);
}

template <class T>
std::size_t DeviceEngine<T>::workspace_bytes() const {
  std::size_t bytes = layer_bytes() + batch_.bytes() + head_.bytes() + weights_.bytes() + arena_.bytes();
  for (const auto& lane : lanes_) bytes += lane == nullptr ? 0 : lane->products.workspace_bytes();
  return bytes;
}

template <class T>
std::string DeviceEngine<T>::device_and_dtype() const {
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, device_), "cudaGetDeviceProperties");
  return std::string(properties.name) + ", " + std::string(name(dtype_));
}

template class DeviceEngine<float>;
template class DeviceEngine<Bf16>;
template class DeviceEngine<Fp16>;

}  // namespace lstm::cuda
