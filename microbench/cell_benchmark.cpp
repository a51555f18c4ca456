// The pointwise part of one step of 64 samples and 320 units.
#include "kernels/cell/cell.h"

#include "variants.h"

namespace lstm::microbench {
namespace {

constexpr int kRows = 64, kUnits = 320;
constexpr std::size_t kStates = std::size_t{kRows} * kUnits;

const bool kRegistered = [] {
  register_variants(kernels::cell_variants(), "cell/forward", [](benchmark::State& state, auto functions) {
    auto gates = random_floats(4 * kStates), c = random_floats(kStates);
    const auto bias = random_floats(4 * kUnits), c_before = random_floats(kStates);
    std::vector<float> h(kStates);
    const kernels::CellForward step{kUnits,          kRows,    gates.data(), bias.data(), bias.data(),
                                    c_before.data(), c.data(), h.data(),     kUnits};
    for (auto _ : state) {
      functions.forward(step, 0, kRows);
      benchmark::ClobberMemory();
    }
    set_rate(state, "states/s", kStates);
  });
  register_variants(kernels::cell_variants(), "cell/backward", [](benchmark::State& state, auto functions) {
    auto gates = random_floats(4 * kStates), dc = random_floats(kStates);
    const auto c = random_floats(kStates), dh = random_floats(kStates);
    const kernels::CellBackward step{kUnits,   kRows,     gates.data(), c.data(),
                                     c.data(), dh.data(), kUnits,       dc.data()};
    for (auto _ : state) {
      functions.backward(step, 0, kRows);
      benchmark::ClobberMemory();
    }
    set_rate(state, "states/s", kStates);
  });
  return true;
}();

}  // namespace
}  // namespace lstm::microbench
