#include "cuda/training/device_parameters.h"

#include <cmath>

#include "cuda/kernels/parameters.h"
#include "cuda/runtime/check.h"
#include "kernels/adam/adam.h"
#include "model/clipping.h"

namespace lstm::cuda {
namespace {

DirectionTensors views(const ParameterLayout& layout, float* buffer, int layer, int direction) {
  return {buffer + layout.W(layer, direction).offset, buffer + layout.R(layer, direction).offset,
          buffer + layout.b_W(layer, direction).offset, buffer + layout.b_R(layer, direction).offset};
}

}  // namespace

DeviceParameters::DeviceParameters(const Network& network, const AdamOptions& adam, const Stream& stream)
    : layout_(network), adam_(adam), stream_(&stream) {
  const auto plan = [this] {
    for (float** buffer : {&parameters_, &gradients_, &m_, &v_}) *buffer = arena_.take<float>(layout_.size());
    square_sums_ = arena_.take<double>(kSquareSums + 1);
  };
  plan();
  arena_.allocate();  // before the host gives memory for what may not fit into the device
  plan();
  host_parameters_ = PinnedMemory(layout_.size() * sizeof(float));
  host_gradients_ = PinnedMemory(layout_.size() * sizeof(float));
  host_square_sum_ = PinnedMemory(sizeof(double));
  check(cudaMemsetAsync(parameters_, 0, arena_.bytes(), stream.get()),
        "clearing parameters and Adam's state");
}

DirectionTensors DeviceParameters::parameters(int layer, int direction) const {
  return views(layout_, parameters_, layer, direction);
}
DirectionTensors DeviceParameters::gradients(int layer, int direction) const {
  return views(layout_, gradients_, layer, direction);
}

std::span<float> DeviceParameters::on_host() {
  const std::span<float> host = host_parameters_.as<float>();
  if (is_host_old_) {
    check(
        cudaMemcpyAsync(host.data(), parameters_, host.size_bytes(), cudaMemcpyDeviceToHost, stream_->get()),
        "copying parameters from the device");
  }
  stream_->synchronise();  // an upload may still read the host's copy, which the caller may write
  is_host_old_ = false;
  has_host_written_ = true;
  return host;
}

std::span<const float> DeviceParameters::gradients_on_host() const {
  const std::span<float> host = host_gradients_.as<float>();
  if (are_host_gradients_old_) {
    check(cudaMemcpyAsync(host.data(), gradients_, host.size_bytes(), cudaMemcpyDeviceToHost, stream_->get()),
          "copying gradients from the device");
    stream_->synchronise();
    are_host_gradients_old_ = false;
  }
  return host;
}

void DeviceParameters::upload() {
  if (!has_host_written_) return;
  const std::span<float> host = host_parameters_.as<float>();
  check(cudaMemcpyAsync(parameters_, host.data(), host.size_bytes(), cudaMemcpyHostToDevice, stream_->get()),
        "copying parameters to the device");
  has_host_written_ = false;
}

void DeviceParameters::gradients_changed() {
  are_host_gradients_old_ = true;
}

void DeviceParameters::set_gradients(std::span<const float> gradients) {
  check(cudaMemcpyAsync(gradients_, gradients.data(), gradients.size_bytes(), cudaMemcpyHostToDevice,
                        stream_->get()),
        "copying gradients to the device");
  stream_->synchronise();  // the caller's may end
  gradients_changed();
}

double DeviceParameters::clip_gradients(double max_norm) {
  const auto count = static_cast<long long>(layout_.size());
  sum_of_squares(stream_->get(), count, gradients_, square_sums_, square_sums_ + kSquareSums);
  double* const sum = host_square_sum_.as<double>().data();
  check(cudaMemcpyAsync(sum, square_sums_ + kSquareSums, sizeof(double), cudaMemcpyDeviceToHost,
                        stream_->get()),
        "copying the norm of the gradients from the device");
  stream_->synchronise();
  const double norm = std::sqrt(*sum);
  if (model::exceeds(norm, max_norm)) {
    convert(stream_->get(), count, gradients_, static_cast<float>(max_norm / norm), gradients_);
    gradients_changed();
  }
  return norm;
}

AdamState DeviceParameters::adam_state() const {
  AdamState state{.updates = updates_,
                  .first_moments = std::vector<float>(layout_.size()),
                  .second_moments = std::vector<float>(layout_.size())};
  const auto copy = [this](const float* from, std::vector<float>& to) {
    check(cudaMemcpyAsync(to.data(), from, to.size() * sizeof(float), cudaMemcpyDeviceToHost, stream_->get()),
          "copying Adam's state from the device");
  };
  copy(m_, state.first_moments);
  copy(v_, state.second_moments);
  stream_->synchronise();
  return state;
}

void DeviceParameters::set_adam_state(const AdamState& state) {
  updates_ = state.updates;
  const auto copy = [this](const std::vector<float>& from, float* to) {
    check(
        cudaMemcpyAsync(to, from.data(), from.size() * sizeof(float), cudaMemcpyHostToDevice, stream_->get()),
        "copying Adam's state to the device");
  };
  copy(state.first_moments, m_);
  copy(state.second_moments, v_);
  stream_->synchronise();
}

void DeviceParameters::update() {
  upload();  // what was written since load() counts, too
  const kernels::AdamFactors factors = kernels::adam_factors(adam_, ++updates_);
  adam(stream_->get(), {.count = static_cast<long long>(layout_.size()),
                        .gradients = gradients_,
                        .parameters = parameters_,
                        .first_moments = m_,
                        .second_moments = v_,
                        .weight1 = factors.weight1,
                        .beta2 = factors.beta2,
                        .weight2 = factors.weight2,
                        .root_scale = factors.root_scale,
                        .epsilon = factors.epsilon,
                        .step_size = factors.step_size,
                        .decay = factors.decay});
  is_host_old_ = true;
}

}  // namespace lstm::cuda
