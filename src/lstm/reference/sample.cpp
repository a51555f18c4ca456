#include "reference/sample.h"

#include <algorithm>
#include <utility>

#include "model/cross_entropy.h"
#include "reference/ctc.h"
#include "reference/matrix.h"

namespace lstm::reference {
namespace {

std::size_t size(int a, int b) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

std::size_t index(const Network& network, int layer, int direction) {
  return static_cast<std::size_t>(layer * network.directions + direction);
}

DirectionShape direction_shape(const Network& network, int layer, int direction) {
  return {network.layer_inputs(layer), network.units, direction == 1, network.directions * network.units};
}

// The steps that the head reads, [first, first + count).
std::pair<int, int> head_steps(const Network& network, const Trace& trace) {
  if (network.reads_every_step()) return {0, trace.loss_length};
  return {trace.length - 1, 1};
}

InitialState initial_state(const Network& network, const Trace& trace, std::size_t index) {
  const std::size_t first = index * static_cast<std::size_t>(network.units);
  return {trace.initial_h.data() + first, trace.initial_c.data() + first};
}

std::size_t doubles(const std::vector<std::vector<double>>& parts) {
  std::size_t sum = 0;
  for (const auto& part : parts) sum += part.size();
  return sum;
}

}  // namespace

Weights::Weights(const ParameterLayout& layout)
    : layout_(&layout), values_(layout.size()), transposed_(layout.size()) {}

void Weights::transpose() {
  for (const ParameterTensor& tensor : layout_->tensors()) {
    const double* from = values_.data() + tensor.offset;
    double* to = transposed_.data() + tensor.offset;
    for (int row = 0; row < tensor.rows; ++row) {
      for (int column = 0; column < tensor.columns; ++column) {
        to[size(column, tensor.rows) + row] = from[size(row, tensor.columns) + column];
      }
    }
  }
}

DirectionWeights Weights::direction(int layer, int direction) const {
  const std::size_t W = layout_->W(layer, direction).offset, R = layout_->R(layer, direction).offset;
  return {&values_[W],
          &values_[R],
          &transposed_[W],
          &transposed_[R],
          &values_[layout_->b_W(layer, direction).offset],
          &values_[layout_->b_R(layer, direction).offset]};
}

const double* Weights::head() const {
  return &values_[layout_->head().offset];
}
const double* Weights::head_transposed() const {
  return &transposed_[layout_->head().offset];
}
std::size_t Weights::bytes() const {
  return transposed_.size() * sizeof(double);
}

Trace::Trace(const Network& network, int time_steps, bool input_gradients)
    : x(size(time_steps, network.inputs)), dx(input_gradients ? x.size() : 0) {
  for (int i = 0; i < network.layers * network.directions; ++i) {
    gates.emplace_back(size(time_steps, 4 * network.units));
    c.emplace_back(size(time_steps, network.units));
  }
  for (int layer = 0; layer < network.layers; ++layer) {
    y.emplace_back(size(time_steps, network.directions * network.units));
  }
  for (auto* states : {&initial_h, &initial_c, &dh, &dc})
    states->resize(size(network.layers * network.directions, network.units));
  logits.resize(size(network.reads_every_step() ? time_steps : 1, network.logits()));
  d_logits.resize(logits.size());
}

std::size_t Trace::bytes() const {
  return (x.size() + dx.size() + 4 * dh.size() + doubles(gates) + doubles(c) + doubles(y) + logits.size() +
          d_logits.size()) *
         sizeof(double);
}

Scratch::Scratch(const Network& network, const BatchShape& shape)
    : d_gates(size(shape.time_steps, 4 * network.units)),
      h_before(size(shape.time_steps, network.units)),
      dy(size(shape.time_steps, network.directions * network.units)),
      dx(dy.size()),
      ctc(network.loss == Loss::ctc ? CtcScratch(shape.time_steps, network.classes, shape.max_labels)
                                    : CtcScratch(0, 0, 0)) {}

std::size_t Scratch::bytes() const {
  return (d_gates.size() + h_before.size() + dy.size() + dx.size()) * sizeof(double) + ctc.bytes();
}

void forward(const Network& network, const Weights& weights, Trace& trace) {
  const double* input = trace.x.data();
  for (int layer = 0; layer < network.layers; ++layer) {
    double* y = trace.y[static_cast<std::size_t>(layer)].data();
    for (int direction = 0; direction < network.directions; ++direction) {
      const std::size_t i = index(network, layer, direction);
      forward_direction(direction_shape(network, layer, direction), weights.direction(layer, direction),
                        trace.length, input, initial_state(network, trace, i), trace.gates[i].data(),
                        trace.c[i].data(), y + direction * network.units);
    }
    input = y;
  }
  const auto [first, count] = head_steps(network, trace);
  const int width = network.directions * network.units;
  if (!network.has_head()) {
    std::copy_n(input, size(count, width), trace.logits.begin());
    return;
  }
  std::fill(trace.logits.begin(), trace.logits.end(), 0.0);
  add_product(count, network.classes, width, input + size(first, width), weights.head_transposed(),
              trace.logits.data());
}

void evaluate_loss(const Network& network, int samples, std::span<const std::int32_t> labels, Trace& trace,
                   Scratch& scratch) {
  if (network.loss == Loss::ctc) {
    const std::size_t used = size(trace.loss_length, network.classes);
    trace.loss = ctc(trace.loss_length, network.classes, std::span(trace.logits).first(used), labels,
                     scratch.ctc, std::span(trace.d_logits).first(used));
  } else {
    const double scale = 1.0 / samples;
    trace.loss =
        scale * model::cross_entropy<double>(trace.logits, labels[0], scale, std::span(trace.d_logits));
  }
}

void backward(const Network& network, const ParameterLayout& layout, const Weights& weights, Trace& trace,
              Scratch& scratch, std::span<double> gradients) {
  const auto [first, count] = head_steps(network, trace);
  const int width = network.directions * network.units;
  std::fill(scratch.dy.begin(), scratch.dy.end(), 0.0);
  double* const dy = scratch.dy.data() + size(first, width);
  if (network.has_head()) {
    add_transposed_product(network.classes, width, count, trace.d_logits.data(),
                           trace.y.back().data() + size(first, width), &gradients[layout.head().offset]);
    add_product(count, width, network.classes, trace.d_logits.data(), weights.head(), dy);
  } else {
    std::copy_n(trace.d_logits.begin(), size(count, width), dy);
  }

  for (int layer = network.layers - 1; layer >= 0; --layer) {
    const double* input = layer == 0 ? trace.x.data() : trace.y[static_cast<std::size_t>(layer - 1)].data();
    std::vector<double>& sums_of_dx = layer == 0 ? trace.dx : scratch.dx;
    std::fill(sums_of_dx.begin(), sums_of_dx.end(), 0.0);
    double* const dx = sums_of_dx.empty() ? nullptr : sums_of_dx.data();
    for (int direction = 0; direction < network.directions; ++direction) {
      const std::size_t i = index(network, layer, direction);
      const DirectionGradients sums{
          &gradients[layout.W(layer, direction).offset], &gradients[layout.R(layer, direction).offset],
          &gradients[layout.b_W(layer, direction).offset], &gradients[layout.b_R(layer, direction).offset]};
      const int column = direction * network.units;
      backward_direction(direction_shape(network, layer, direction), weights.direction(layer, direction),
                         trace.length, input, initial_state(network, trace, i), trace.gates[i].data(),
                         trace.c[i].data(), trace.y[static_cast<std::size_t>(layer)].data() + column,
                         scratch.dy.data() + column, scratch.d_gates.data(), scratch.h_before.data(),
                         trace.dh.data() + i * static_cast<std::size_t>(network.units),
                         trace.dc.data() + i * static_cast<std::size_t>(network.units), dx, sums);
    }
    std::swap(scratch.dy, scratch.dx);
  }
}

}  // namespace lstm::reference
