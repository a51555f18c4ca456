#include "lstm/cuda/persistent/recurrence_problem.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <stdexcept>

#include "reference/direction.h"

namespace lstm::cuda::persistent::emulation {
namespace {

Aligned<Words> packed(const Geometry& geometry, Pass pass, const std::vector<double>& R) {
  const std::vector<float> weights(R.begin(), R.end());
  Aligned<Words> image(packed_bytes(geometry, pass) / 16);
  for (std::size_t i = 0; i < image.size(); ++i) image[i] = packed_words(geometry, pass, weights.data(), i);
  return image;
}

template <class T>
Aligned<T> as(const std::vector<double>& values) {
  Aligned<T> result(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) result[i] = rounded<T>(static_cast<float>(values[i]));
  return result;
}

}  // namespace

std::string Launch::text() const {
  const char* names[] = {"fp32", "tf32", "bf16", "fp16"};
  return std::string(names[static_cast<int>(arithmetic)]) + " H" + std::to_string(units) + " D" +
         std::to_string(directions) + " N" + std::to_string(samples) + " blocks " + std::to_string(blocks) +
         " slice " + std::to_string(slice) + " parts " + std::to_string(parts) + " warps " +
         std::to_string(warps) + " of " + std::to_string(most_warps) + (is_cluster ? " cluster" : " grid") +
         (is_dy_last ? " dy of last steps" : "") + " seed " + std::to_string(seed);
}

RecurrenceProblem::RecurrenceProblem(const Launch& launch, int most_steps)
    : launch_(launch), order_(launch.seed) {
  geometry_ = {.arithmetic = launch.arithmetic,
               .units = launch.units,
               .octets = (launch.units + kOctet - 1) / kOctet,
               .blocks = launch.blocks,
               .directions = launch.directions,
               .slice = launch.slice,
               .slices = (launch.samples + launch.slice - 1) / launch.slice,
               .rows = (launch.slice + 3) / 4 * 4};
  std::mt19937_64 random(launch.seed);
  std::uniform_int_distribution<int> length(1, most_steps);
  for (int n = 0; n < launch.samples; ++n) lengths_.push_back(length(random));
  std::sort(lengths_.begin(), lengths_.end(), std::greater<>());
  row_starts_.push_back(0);
  for (int t = 0; t < lengths_.front(); ++t) {
    const auto active = std::count_if(lengths_.begin(), lengths_.end(), [&](int n) { return n > t; });
    row_starts_.push_back(row_starts_.back() + static_cast<int>(active));
  }

  const auto H = static_cast<std::size_t>(launch.units), rows = static_cast<std::size_t>(row_starts_.back());
  std::uniform_real_distribution<double> uniform(-1, 1);
  const auto fill = [&](std::vector<double>& values, std::size_t size, double scale) {
    values.resize(size);
    for (double& value : values) value = static_cast<float>(scale * uniform(random));
  };
  for (int d = 0; d < launch.directions; ++d) {
    Direction& direction = directions_.emplace_back();
    fill(direction.R, 4 * H * H, 1.5 / std::sqrt(static_cast<double>(H)));
    fill(direction.b_W, 4 * H, 0.5);
    fill(direction.b_R, 4 * H, 0.5);
    fill(direction.sums, rows * 4 * H, 1.0);
    fill(direction.dy, rows * H, 1.0);
    if (launch.is_dy_last) keep_last_steps(direction.dy);
    run_reference(direction, d == 1);
  }
}

void RecurrenceProblem::keep_last_steps(std::vector<double>& dy) const {
  const auto H = static_cast<std::size_t>(launch_.units);
  for (int place = 0; place < launch_.samples; ++place) {
    for (int t = 0; t + 1 < lengths_[static_cast<std::size_t>(place)]; ++t) {
      std::fill_n(dy.begin() + static_cast<std::ptrdiff_t>(row(t, place) * H), H, 0.0);
    }
  }
}

std::vector<double> RecurrenceProblem::all_dy() const {
  const auto H = static_cast<std::size_t>(launch_.units), D = static_cast<std::size_t>(launch_.directions);
  std::vector<std::size_t> rows;
  if (launch_.is_dy_last) {
    for (int place = 0; place < launch_.samples; ++place) {
      rows.push_back(row(lengths_[static_cast<std::size_t>(place)] - 1, place));
    }
  } else {
    for (int i = 0; i < row_starts_.back(); ++i) rows.push_back(static_cast<std::size_t>(i));
  }
  std::vector<double> result;
  for (const std::size_t row : rows) {
    for (std::size_t d = 0; d < D; ++d) {
      const auto first = directions_[d].dy.begin() + static_cast<std::ptrdiff_t>(row * H);
      result.insert(result.end(), first, first + static_cast<std::ptrdiff_t>(H));
    }
  }
  if (launch_.is_dy_last) result.resize(result.size() + D * H, 0.0);
  return result;
}

void RecurrenceProblem::run_reference(Direction& direction, bool is_reverse) const {
  const auto H = static_cast<std::size_t>(launch_.units), rows = static_cast<std::size_t>(row_starts_.back());
  direction.gates.resize(rows * 4 * H);
  direction.d_gates.resize(rows * 4 * H);
  for (auto* values : {&direction.c, &direction.y}) values->resize(rows * H);
  // W = 1: x are the sums in front of the recurrence.
  std::vector<double> identity(16 * H * H), R_transposed(4 * H * H);
  for (std::size_t i = 0; i < 4 * H; ++i) {
    identity[i * 4 * H + i] = 1;
    for (std::size_t j = 0; j < H; ++j) R_transposed[j * 4 * H + i] = direction.R[i * H + j];
  }
  const reference::DirectionShape shape{.inputs = 4 * launch_.units,
                                        .units = launch_.units,
                                        .is_reverse = is_reverse,
                                        .y_stride = launch_.units};
  const reference::DirectionWeights weights{.W = identity.data(),
                                            .R = direction.R.data(),
                                            .W_transposed = identity.data(),
                                            .R_transposed = R_transposed.data(),
                                            .b_W = direction.b_W.data(),
                                            .b_R = direction.b_R.data()};
  for (int place = 0; place < launch_.samples; ++place) {
    const int steps = lengths_[static_cast<std::size_t>(place)];
    const auto T = static_cast<std::size_t>(steps);
    const auto gather = [&](const std::vector<double>& packed_rows, std::size_t width) {
      std::vector<double> result(T * width);
      for (int t = 0; t < steps; ++t) {
        std::copy_n(packed_rows.begin() + static_cast<std::ptrdiff_t>(row(t, place) * width), width,
                    result.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(t) * width));
      }
      return result;
    };
    const auto scatter = [&](const std::vector<double>& of_sample, std::vector<double>& packed_rows,
                             std::size_t width) {
      for (int t = 0; t < steps; ++t) {
        std::copy_n(of_sample.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(t) * width),
                    width, packed_rows.begin() + static_cast<std::ptrdiff_t>(row(t, place) * width));
      }
    };
    const std::vector<double> x = gather(direction.sums, 4 * H), dy = gather(direction.dy, H);
    std::vector<double> gates(T * 4 * H), c(T * H), y(T * H), d_gates(T * 4 * H), h_before(T * H);
    const std::vector<double> zeros(H);
    const reference::InitialState initial{zeros.data(), zeros.data()};
    std::vector<double> dh(H), dc(H);
    std::vector<double> dW(16 * H * H), dR(4 * H * H), db_W(4 * H), db_R(4 * H);
    reference::forward_direction(shape, weights, steps, x.data(), initial, gates.data(), c.data(), y.data());
    reference::backward_direction(shape, weights, steps, x.data(), initial, gates.data(), c.data(), y.data(),
                                  dy.data(), d_gates.data(), h_before.data(), dh.data(), dc.data(), nullptr,
                                  {.W = dW.data(), .R = dR.data(), .b_W = db_W.data(), .b_R = db_R.data()});
    scatter(gates, direction.gates, 4 * H);
    scatter(c, direction.c, H);
    scatter(y, direction.y, H);
    scatter(d_gates, direction.d_gates, 4 * H);
    direction.bias_sums.insert(direction.bias_sums.end(), db_W.begin(), db_W.end());
  }
}

template <class T>
double RecurrenceProblem::forward_error_of() const {
  const auto H = static_cast<std::size_t>(launch_.units), rows = static_cast<std::size_t>(row_starts_.back());
  const auto D = static_cast<std::size_t>(launch_.directions);
  const T nan = rounded<T>(std::numeric_limits<float>::quiet_NaN());
  std::vector<Aligned<float>> sums, c, b_W, b_R;
  std::vector<Aligned<T>> gates;
  std::vector<Aligned<Words>> weights;
  Aligned<T> y(rows * D * H, nan);
  ForwardArguments<T> arguments{.geometry = geometry_,
                                .parts = launch_.parts,
                                .lengths = lengths_.data(),
                                .row_starts = row_starts_.data(),
                                .y_row = static_cast<int>(D * H)};
  for (const Direction& direction : directions_) {
    sums.push_back(as<float>(direction.sums));
    b_W.push_back(as<float>(direction.b_W));
    b_R.push_back(as<float>(direction.b_R));
    c.emplace_back(rows * H, std::numeric_limits<float>::quiet_NaN());
    gates.emplace_back(rows * 4 * H, nan);
    weights.push_back(packed(geometry_, Pass::forward, direction.R));
  }
  for (std::size_t d = 0; d < D; ++d) {
    arguments.weights[d] = weights[d].get();
    arguments.b_W[d] = b_W[d].get();
    arguments.b_R[d] = b_R[d].get();
    arguments.sums[d] = sums[d].get();
    arguments.gates[d] = gates[d].get();
    // In place, as engines do it.
    if constexpr (sizeof(T) == 4) arguments.gates[d] = sums[d].get();
    arguments.c[d] = c[d].get();
    arguments.y[d] = y.get() + d * H;
  }
  run(emulated(), arguments);

  Error error;
  for (std::size_t d = 0; d < D; ++d) {
    if constexpr (sizeof(T) == 4) {
      error.add(sums[d].get(), directions_[d].gates);
    } else {
      error.add(gates[d].get(), directions_[d].gates);
    }
    error.add(c[d].get(), directions_[d].c);
    Aligned<T> own_y(rows * H);
    for (std::size_t i = 0; i < rows * H; ++i) own_y[i] = y[(i / H * D + d) * H + i % H];
    error.add(own_y.get(), directions_[d].y);
  }
  return error.value();
}

template <class T>
double RecurrenceProblem::backward_error_of() const {
  const auto H = static_cast<std::size_t>(launch_.units);
  const auto D = static_cast<std::size_t>(launch_.directions);
  std::vector<Aligned<float>> c, bias_sums;
  std::vector<Aligned<T>> gates;
  std::vector<Aligned<Words>> weights;
  const Aligned<float> dy = as<float>(all_dy());
  BackwardArguments<T> arguments{.geometry = geometry_,
                                 .lengths = lengths_.data(),
                                 .row_starts = row_starts_.data(),
                                 .y_row = static_cast<int>(D * H),
                                 .zero_dy_row = zero_dy_row()};
  for (std::size_t d = 0; d < D; ++d) {
    gates.push_back(as<T>(directions_[d].gates));
    c.push_back(as<float>(directions_[d].c));
    weights.push_back(packed(geometry_, Pass::backward, directions_[d].R));
    bias_sums.emplace_back(directions_[d].bias_sums.size() + 4 * H, std::numeric_limits<float>::quiet_NaN());
  }
  for (std::size_t d = 0; d < D; ++d) {
    arguments.weights[d] = weights[d].get();
    arguments.gates[d] = gates[d].get();
    arguments.c[d] = c[d].get();
    arguments.dy[d] = dy.get() + d * H;
    arguments.bias_sums[d] = bias_sums[d].get();
  }
  run(emulated(), arguments);

  Error error;
  for (std::size_t d = 0; d < D; ++d) {
    error.add(gates[d].get(), directions_[d].d_gates);
    error.add(bias_sums[d].get(), directions_[d].bias_sums);
    for (std::size_t i = directions_[d].bias_sums.size(); i < bias_sums[d].size(); ++i) {
      if (!std::isnan(bias_sums[d][i])) throw std::runtime_error("biases of a sample that is not there");
    }
  }
  return error.value();
}

double RecurrenceProblem::forward_error() const {
  switch (launch_.arithmetic) {
    case Arithmetic::bf16:
      return forward_error_of<Bf16>();
    case Arithmetic::fp16:
      return forward_error_of<Fp16>();
    default:
      return forward_error_of<float>();
  }
}

double RecurrenceProblem::backward_error() const {
  switch (launch_.arithmetic) {
    case Arithmetic::bf16:
      return backward_error_of<Bf16>();
    case Arithmetic::fp16:
      return backward_error_of<Fp16>();
    default:
      return backward_error_of<float>();
  }
}

}  // namespace lstm::cuda::persistent::emulation
