#include "engines/training/parameter_store.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "engines/training/parallel.h"
#include "model/clipping.h"

namespace lstm::engines {
namespace {

DirectionTensors views(const ParameterLayout& layout, std::span<float> buffer, int layer, int direction) {
  return {&buffer[layout.W(layer, direction).offset], &buffer[layout.R(layer, direction).offset],
          &buffer[layout.b_W(layer, direction).offset], &buffer[layout.b_R(layer, direction).offset]};
}

// Gradients whose squares one sum has, whatever the number of threads.
constexpr std::size_t kSummed = 4096;

double sum_of_squares(std::span<const float> values) {
  std::array<double, 8> sums{};  // side by side, which a compiler can hold in vectors
  std::size_t i = 0;
  for (; i + sums.size() <= values.size(); i += sums.size()) {
    for (std::size_t j = 0; j < sums.size(); ++j) {
      const double value = values[i + j];
      sums[j] += value * value;
    }
  }
  for (; i < values.size(); ++i) sums[0] += double{values[i]} * values[i];
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

}  // namespace

ParameterStore::ParameterStore(const Network& network, const AdamOptions& adam, Isa isa)
    : layout_(network), adam_(adam), adam_function_(kernels::select(kernels::adam_variants(), isa).function) {
  const auto plan = [this] {
    for (auto* buffer : {&parameters_, &gradients_, &m_, &v_}) *buffer = arena_.take<float>(layout_.size());
    square_sums_ = arena_.take<double>((layout_.size() + kSummed - 1) / kSummed);
  };
  plan();
  arena_.allocate();
  plan();
}

DirectionTensors ParameterStore::parameters(int layer, int direction) const {
  return views(layout_, parameters_, layer, direction);
}
DirectionTensors ParameterStore::gradients(int layer, int direction) const {
  return views(layout_, gradients_, layer, direction);
}

void ParameterStore::set_gradients(std::span<const float> gradients) {
  std::ranges::copy(gradients, gradients_.begin());
}

double ParameterStore::clip_gradients(double max_norm, cpu::ThreadTeam& team) {
  const auto sums = static_cast<std::int64_t>(square_sums_.size());
  for_each_part(team, sums, kSmallestPointwisePart / static_cast<std::int64_t>(kSummed),
                [&](std::int64_t first, std::int64_t last) {
                  for (auto i = static_cast<std::size_t>(first); i < static_cast<std::size_t>(last); ++i) {
                    const std::size_t start = i * kSummed;
                    square_sums_[i] = sum_of_squares(
                        gradients_.subspan(start, std::min(kSummed, gradients_.size() - start)));
                  }
                });
  const double norm = std::sqrt(std::accumulate(square_sums_.begin(), square_sums_.end(), 0.0));
  if (!model::exceeds(norm, max_norm)) return norm;
  const auto factor = static_cast<float>(max_norm / norm);
  for_each_part(team, static_cast<std::int64_t>(gradients_.size()), kSmallestPointwisePart,
                [&](std::int64_t first, std::int64_t last) {
                  for (float& gradient : gradients_.subspan(static_cast<std::size_t>(first),
                                                            static_cast<std::size_t>(last - first))) {
                    gradient *= factor;
                  }
                });
  return norm;
}

AdamState ParameterStore::adam_state() const {
  return {
      .updates = updates_, .first_moments = {m_.begin(), m_.end()}, .second_moments = {v_.begin(), v_.end()}};
}

void ParameterStore::set_adam_state(const AdamState& state) {
  updates_ = state.updates;
  std::ranges::copy(state.first_moments, m_.begin());
  std::ranges::copy(state.second_moments, v_.begin());
}

void ParameterStore::update(cpu::ThreadTeam& team) {
  const kernels::AdamFactors factors = kernels::adam_factors(adam_, ++updates_);
  for_each_part(team, static_cast<std::int64_t>(layout_.size()), kSmallestPointwisePart,
                [&](std::int64_t first, std::int64_t last) {
                  adam_function_({.count = static_cast<std::size_t>(last - first),
                                  .gradients = gradients_.data() + first,
                                  .parameters = parameters_.data() + first,
                                  .first_moments = m_.data() + first,
                                  .second_moments = v_.data() + first},
                                 factors);
                });
}

}  // namespace lstm::engines
