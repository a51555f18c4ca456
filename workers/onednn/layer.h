// One LSTM layer of one or two directions, as oneDNN's forward and backward rnn primitives.
#pragma once

#include <array>
#include <dnnl.hpp>
#include <string>
#include <unordered_map>

#include "protocol/problem.h"
#include "tensors.h"

namespace onednn {

struct LayerShape {
  std::int64_t time_steps, samples, inputs, units, directions;
};

class Layer {
 public:
  // type is that of activations and weights: f32 or bf16; gradients, biases and the state c are f32 in both.
  Layer(Device& device, const LayerShape& shape, dnnl::memory::data_type type,
        const dnnl::memory::desc& input);
  Layer(const Layer&) = delete;
  Layer& operator=(const Layer&) = delete;

  // Connects the layer: its input (in the layout of input_description()) and, for backward, the gradient of
  // its output, f32 (T, N, D*H).
  void connect(const dnnl::memory& input, const dnnl::memory& output_gradient);

  void forward(const dnnl::stream& stream);
  void backward(const dnnl::stream& stream);  // fills the gradients of the weights and of the input

  const dnnl::memory& output() const { return output_; }                  // (T, N, D*H)
  const dnnl::memory& input_gradient() const { return input_gradient_; }  // f32 (T, N, in)

  // Values of a parameter or of its gradient in the protocol's layout (gate rows): "W", "R", "b_W" or "b_R"
  // of direction 0 or 1. oneDNN knows one bias, b_W + b_R, whose gradient is that of both.
  void set_parameter(const std::string& name, std::int64_t direction, std::span<const float> from);
  std::vector<float> gradient(const std::string& name, std::int64_t direction) const;

  // The trained values and their gradients, in pairs of equal size: W, R, b_W, b_R of all directions.
  struct Trained {
    std::span<float> values;
    std::span<const float> gradient;
  };
  std::array<Trained, 4> trained();

 private:
  // Inputs of the gates of one parameter: in, H, or 1 for a bias.
  std::int64_t rows(const std::string& name) const;

  LayerShape shape_;
  dnnl::lstm_forward forward_;
  dnnl::lstm_backward backward_;
  // Masters in f32: W, R as (1, D, in, 4, H), biases (1, D, 4, H).
  dnnl::memory W_, R_, b_W_, b_R_, bias_;
  dnnl::memory dW_, dR_, db_;
  Reordered forward_W_, forward_R_, backward_W_, backward_R_, preferred_dW_, preferred_dR_;
  dnnl::memory output_, input_gradient_;
  std::unordered_map<int, dnnl::memory> forward_arguments_, backward_arguments_;
};

}  // namespace onednn
