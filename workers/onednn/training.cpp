#include "training.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>

#include "protocol/serve.h"

namespace onednn {

namespace {

using dnnl::memory;
using tag = memory::format_tag;

memory::data_type data_type(const std::string& dtype) {
  if (dtype == "fp32") return memory::data_type::f32;
  if (dtype == "bf16") return memory::data_type::bf16;
  throw protocol::unsupported(fmt::format("dtype {}; onednn/lstm does fp32 and bf16", dtype));
}

void require_supported(const protocol::Problem& problem) {
  if (problem.device != "cpu")
    throw protocol::unsupported(fmt::format("device {}; onednn/lstm has cpu", problem.device));
  if (problem.network.is_ctc) throw protocol::unsupported("oneDNN has no CTC loss");
  const auto shortest = std::ranges::min(problem.lengths);
  if (shortest != problem.time_steps)
    throw protocol::unsupported("oneDNN's LSTM knows no lengths, and not all samples have all steps");
}

// The parameter's place, of its name "layerL.DIRECTION.WHAT".
std::string name_of(std::size_t layer, std::int64_t direction, const char* what) {
  return fmt::format("layer{}.{}.{}", layer, direction == 0 ? "forward" : "reverse", what);
}

constexpr std::array kParameters{"W", "R", "b_W", "b_R"};

}  // namespace

Training::Training(const protocol::Problem& problem) : problem_(problem) {
  require_supported(problem);
  const auto type = data_type(problem.dtype);
  const auto& network = problem.network;
  const std::int64_t steps = problem.time_steps, samples = problem.samples;
  const std::int64_t width = network.directions * network.units;

  const memory::dims x_dims{steps, samples, network.inputs};
  x_ = memory({x_dims, memory::data_type::f32, tag::ntc}, device_.engine, problem_.x.data());
  layer_input_ = Reordered(device_, x_, {x_dims, type, tag::tnc});
  output_gradient_ = device_.allocate({{steps, samples, width}, memory::data_type::f32, tag::tnc});

  std::int64_t inputs = network.inputs;
  for (std::int64_t layer = 0; layer < network.layers; ++layer, inputs = width)
    layers_.emplace_back(device_, LayerShape{steps, samples, inputs, network.units, network.directions}, type,
                         layer == 0 ? layer_input_.memory().get_desc() : layers_.back().output().get_desc());
  for (auto layer = layers_.begin(); layer != layers_.end(); ++layer)
    layer->connect(layer == layers_.begin() ? layer_input_.memory() : std::prev(layer)->output(),
                   std::next(layer) == layers_.end() ? output_gradient_ : std::next(layer)->input_gradient());

  last_output_.resize(static_cast<std::size_t>(samples * width));
  logits_.resize(static_cast<std::size_t>(samples * network.classes));
  head_gradient_.resize(static_cast<std::size_t>(network.classes * width));
  head_.resize(head_gradient_.size());
  load_prepared_parameters();
  for (const auto& one : trained()) optimizer_.emplace_back(one.values.size());
}

void Training::load_prepared_parameters() {
  std::size_t index = 0;
  for (Layer& layer : layers_) {
    for (std::int64_t direction = 0; direction < problem_.network.directions; ++direction)
      for (const char* what : kParameters)
        layer.set_parameter(what, direction, problem_.parameter(name_of(index, direction, what)).values);
    ++index;
  }
  std::ranges::copy(problem_.parameter("head").values, head_.begin());
}

std::vector<Layer::Trained> Training::trained() {
  std::vector<Layer::Trained> all;
  for (Layer& layer : layers_) std::ranges::copy(layer.trained(), std::back_inserter(all));
  all.push_back({head_, head_gradient_});
  return all;
}

void Training::forward() {
  layer_input_.run(device_.stream);
  for (Layer& layer : layers_) layer.forward(device_.stream);
  device_.stream.wait();

  // The last step's output as f32, then the head.
  const memory& output = layers_.back().output();
  const std::size_t count = last_output_.size(),
                    start = count * static_cast<std::size_t>(problem_.time_steps - 1);
  if (output.get_desc().get_data_type() == memory::data_type::f32) {
    std::copy_n(static_cast<const float*>(output.get_data_handle()) + start, count, last_output_.begin());
  } else {
    const auto* bits = static_cast<const std::uint16_t*>(output.get_data_handle()) + start;
    std::transform(bits, bits + count, last_output_.begin(),
                   [](std::uint16_t half) { return std::bit_cast<float>(std::uint32_t{half} << 16U); });
  }
  const std::size_t classes = static_cast<std::size_t>(problem_.network.classes),
                    width = head_.size() / classes;
  for (std::size_t i = 0; i < logits_.size(); ++i) {
    const float *h = &last_output_[i / classes * width], *row = &head_[i % classes * width];
    double sum = 0;
    for (std::size_t k = 0; k < width; ++k) sum += static_cast<double>(h[k]) * static_cast<double>(row[k]);
    logits_[i] = static_cast<float>(sum);
  }
}

double Training::loss() {
  const std::size_t classes = static_cast<std::size_t>(problem_.network.classes),
                    samples = problem_.labels.size();
  double loss = 0;
  for (std::size_t n = 0; n < samples; ++n) {
    const std::span<float> row(&logits_[n * classes], classes);
    const float largest = std::ranges::max(row);
    double sum = 0;
    for (const float logit : row) sum += std::exp(static_cast<double>(logit - largest));
    const auto label = static_cast<std::size_t>(problem_.labels[n]);
    loss -= static_cast<double>(row[label] - largest) - std::log(sum);
    for (float& logit : row)
      logit = static_cast<float>(std::exp(static_cast<double>(logit - largest)) / sum /
                                 static_cast<double>(samples));
    row[label] -= 1 / static_cast<float>(samples);
  }
  return loss / static_cast<double>(samples);
}

void Training::backward() {
  const std::size_t classes = static_cast<std::size_t>(problem_.network.classes),
                    width = head_.size() / classes;
  const auto gradient = values(output_gradient_).last(last_output_.size());
  std::ranges::fill(gradient, 0.F);
  std::ranges::fill(head_gradient_, 0.F);
  for (std::size_t i = 0; i < logits_.size(); ++i) {
    const std::size_t sample = i / classes * width, row = i % classes * width;
    for (std::size_t k = 0; k < width; ++k) {
      gradient[sample + k] += logits_[i] * head_[row + k];
      head_gradient_[row + k] += logits_[i] * last_output_[sample + k];
    }
  }
  for (auto layer = layers_.rbegin(); layer != layers_.rend(); ++layer) layer->backward(device_.stream);
  device_.stream.wait();
}

void Training::update() {
  auto state = optimizer_.begin();
  for (const auto& one : trained()) (state++)->update(problem_.adam, one.values, one.gradient);
}

double Training::check(const std::filesystem::path& directory) {
  std::vector<std::vector<float>> current;
  for (const auto& one : trained()) current.emplace_back(one.values.begin(), one.values.end());
  load_prepared_parameters();
  forward();
  const double value = loss();
  backward();
  write_gradients(directory);
  auto from = current.begin();
  for (const auto& one : trained()) std::ranges::copy(*from++, one.values.begin());
  return value;
}

void Training::write_gradients(const std::filesystem::path& directory) const {
  std::size_t index = 0;
  for (const Layer& layer : layers_) {
    for (std::int64_t direction = 0; direction < problem_.network.directions; ++direction)
      for (const char* what : kParameters) {
        const std::string name = name_of(index, direction, what);
        protocol::write_npy<float>(directory / (name + ".npy"), problem_.parameter(name).shape,
                                   layer.gradient(what, direction));
      }
    ++index;
  }
  protocol::write_npy<float>(directory / "head.npy", problem_.parameter("head").shape, head_gradient_);
}

}  // namespace onednn
