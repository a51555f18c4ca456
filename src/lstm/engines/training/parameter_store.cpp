#include "engines/training/parameter_store.h"

#include "engines/training/parallel.h"

namespace lstm::engines {
namespace {

DirectionTensors views(const ParameterLayout& layout, std::span<float> buffer, int layer, int direction) {
  return {&buffer[layout.W(layer, direction).offset], &buffer[layout.R(layer, direction).offset],
          &buffer[layout.b_W(layer, direction).offset], &buffer[layout.b_R(layer, direction).offset]};
}

}  // namespace

ParameterStore::ParameterStore(const Network& network, const AdamOptions& adam, Isa isa)
    : layout_(network), adam_(adam), adam_function_(kernels::select(kernels::adam_variants(), isa).function) {
  const auto plan = [this] {
    for (auto* buffer : {&parameters_, &gradients_, &m_, &v_}) *buffer = arena_.take<float>(layout_.size());
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

void ParameterStore::update(cpu::ThreadTeam& team) {
  const kernels::AdamFactors factors = kernels::adam_factors(adam_, ++step_);
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
