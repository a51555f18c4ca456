#include "layer.h"

#include <algorithm>
#include <cstring>

namespace onednn {

namespace {

using dnnl::memory;
using tag = memory::format_tag;
constexpr auto f32 = memory::data_type::f32;

memory::desc any(const memory::dims& dims, memory::data_type type) {
  return {dims, type, tag::any};
}

void clear(const memory& memory) {
  std::memset(memory.get_data_handle(), 0, memory.get_desc().get_size());
}

}  // namespace

Layer::Layer(Device& device, const LayerShape& shape, memory::data_type type, const memory::desc& input)
    : shape_(shape) {
  const std::int64_t steps = shape.time_steps, samples = shape.samples, inputs = shape.inputs,
                     units = shape.units, directions = shape.directions;
  const auto direction = directions == 2 ? dnnl::rnn_direction::bidirectional_concat
                                         : dnnl::rnn_direction::unidirectional_left2right;

  const memory::dims W_dims{1, directions, inputs, 4, units}, R_dims{1, directions, units, 4, units};
  const memory::desc output({steps, samples, directions * units}, type, tag::tnc);
  const memory::desc output_gradient({steps, samples, directions * units}, f32, tag::tnc);
  const memory::desc input_gradient({steps, samples, inputs}, f32, tag::tnc);
  const memory::dims state_dims{1, directions, samples, units};
  const memory::desc h(state_dims, type, tag::ldnc), state(state_dims, f32, tag::ldnc);
  const memory::desc bias({1, directions, 4, units}, f32, tag::ldgo);

  // Both states are always given: without them oneDNN 3.2 and 3.13 compute a wrong gradient of R.
  const dnnl::lstm_forward::primitive_desc forward(device.engine, dnnl::prop_kind::forward_training,
                                                   direction, input, h, state, any(W_dims, type),
                                                   any(R_dims, type), bias, output, h, state);
  const dnnl::lstm_backward::primitive_desc backward(
      device.engine, dnnl::prop_kind::backward, direction, input, h, state, any(W_dims, type),
      any(R_dims, type), bias, output, h, state, input_gradient, state, state, any(W_dims, f32),
      any(R_dims, f32), bias, output_gradient, state, state, forward);
  forward_ = dnnl::lstm_forward(forward);
  backward_ = dnnl::lstm_backward(backward);

  W_ = device.allocate({W_dims, f32, tag::ldigo});
  R_ = device.allocate({R_dims, f32, tag::ldigo});
  dW_ = device.allocate({W_dims, f32, tag::ldigo});
  dR_ = device.allocate({R_dims, f32, tag::ldigo});
  b_W_ = device.allocate(bias);
  b_R_ = device.allocate(bias);
  bias_ = device.allocate(bias);
  db_ = device.allocate(bias);
  forward_W_ = Reordered(device, W_, forward.weights_layer_desc());
  forward_R_ = Reordered(device, R_, forward.weights_iter_desc());
  backward_W_ = Reordered(device, W_, backward.weights_layer_desc());
  backward_R_ = Reordered(device, R_, backward.weights_iter_desc());
  preferred_dW_ = Reordered(device, dW_, backward.diff_weights_layer_desc());
  preferred_dR_ = Reordered(device, dR_, backward.diff_weights_iter_desc());
  output_ = device.allocate(output);
  input_gradient_ = device.allocate(input_gradient);

  forward_arguments_ = {{DNNL_ARG_SRC_ITER, device.allocate(h)},
                        {DNNL_ARG_SRC_ITER_C, device.allocate(state)},
                        {DNNL_ARG_WEIGHTS_LAYER, forward_W_.memory()},
                        {DNNL_ARG_WEIGHTS_ITER, forward_R_.memory()},
                        {DNNL_ARG_BIAS, bias_},
                        {DNNL_ARG_DST_LAYER, output_},
                        {DNNL_ARG_DST_ITER, device.allocate(h)},
                        {DNNL_ARG_DST_ITER_C, device.allocate(state)},
                        {DNNL_ARG_WORKSPACE, device.allocate(forward.workspace_desc())}};
  backward_arguments_ = forward_arguments_;
  backward_arguments_[DNNL_ARG_WEIGHTS_LAYER] = backward_W_.memory();
  backward_arguments_[DNNL_ARG_WEIGHTS_ITER] = backward_R_.memory();
  backward_arguments_[DNNL_ARG_DIFF_SRC_LAYER] = input_gradient_;
  backward_arguments_[DNNL_ARG_DIFF_SRC_ITER] = device.allocate(state);
  backward_arguments_[DNNL_ARG_DIFF_SRC_ITER_C] = device.allocate(state);
  backward_arguments_[DNNL_ARG_DIFF_WEIGHTS_LAYER] = preferred_dW_.memory();
  backward_arguments_[DNNL_ARG_DIFF_WEIGHTS_ITER] = preferred_dR_.memory();
  backward_arguments_[DNNL_ARG_DIFF_BIAS] = db_;
  backward_arguments_[DNNL_ARG_DIFF_DST_ITER] = device.allocate(state);
  backward_arguments_[DNNL_ARG_DIFF_DST_ITER_C] = device.allocate(state);
}

void Layer::connect(const memory& input, const memory& output_gradient) {
  forward_arguments_[DNNL_ARG_SRC_LAYER] = input;
  backward_arguments_[DNNL_ARG_SRC_LAYER] = input;
  backward_arguments_[DNNL_ARG_DIFF_DST_LAYER] = output_gradient;
}

void Layer::forward(const dnnl::stream& stream) {
  std::ranges::transform(values(b_W_), values(b_R_), values(bias_).begin(), std::plus<>());
  forward_W_.run(stream);
  forward_R_.run(stream);
  forward_.execute(stream, forward_arguments_);
}

void Layer::backward(const dnnl::stream& stream) {
  backward_W_.run(stream);
  backward_R_.run(stream);
  // The primitive adds to these.
  clear(preferred_dW_.memory());
  clear(preferred_dR_.memory());
  clear(db_);
  backward_.execute(stream, backward_arguments_);
  preferred_dW_.run_back(stream);
  preferred_dR_.run_back(stream);
}

std::int64_t Layer::rows(const std::string& name) const {
  return name == "W" ? shape_.inputs : name == "R" ? shape_.units : 1;
}

void Layer::set_parameter(const std::string& name, std::int64_t direction, std::span<const float> from) {
  const auto to = values(name == "W" ? W_ : name == "R" ? R_ : name == "b_W" ? b_W_ : b_R_);
  const std::int64_t count = rows(name), gates = 4 * shape_.units;
  for (std::int64_t row = 0; row < count; ++row)
    for (std::int64_t gate = 0; gate < gates; ++gate)
      to[static_cast<std::size_t>((direction * count + row) * gates + gate)] =
          from[static_cast<std::size_t>(gate * count + row)];
}

std::vector<float> Layer::gradient(const std::string& name, std::int64_t direction) const {
  const auto from = values(name == "W" ? dW_ : name == "R" ? dR_ : db_);
  const std::int64_t count = rows(name), gates = 4 * shape_.units;
  std::vector<float> to(static_cast<std::size_t>(count * gates));
  for (std::int64_t row = 0; row < count; ++row)
    for (std::int64_t gate = 0; gate < gates; ++gate)
      to[static_cast<std::size_t>(gate * count + row)] =
          from[static_cast<std::size_t>((direction * count + row) * gates + gate)];
  return to;
}

std::array<Layer::Trained, 4> Layer::trained() {
  return {{{values(W_), values(dW_)},
           {values(R_), values(dR_)},
           {values(b_W_), values(db_)},
           {values(b_R_), values(db_)}}};
}

}  // namespace onednn
