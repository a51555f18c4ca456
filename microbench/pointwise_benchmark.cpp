// The basic engine's elementwise operations on the gates of one step of 64 samples.
#include "kernels/pointwise/pointwise.h"

#include "variants.h"

namespace lstm::microbench {
namespace {

using kernels::PointwiseFunctions;

constexpr std::size_t kCount = 64 * 320;

template <class Operation>
void register_operation(const std::string& name, double streams, Operation operation) {
  register_variants(kernels::pointwise_variants(), "pointwise/" + name,
                    [=](benchmark::State& state, const PointwiseFunctions& functions) {
                      const auto a = random_floats(kCount), b = random_floats(kCount);
                      std::vector<float> out(kCount);
                      for (auto _ : state) {
                        operation(functions, a.data(), b.data(), out.data());
                        benchmark::ClobberMemory();
                      }
                      set_rate(state, "B/s", streams * sizeof(float) * kCount);
                    });
}

const bool kRegistered = [] {
  using F = const PointwiseFunctions&;
  using In = const float*;
  register_operation("add", 3, [](F f, In a, In b, float* out) { f.add(kCount, a, b, out); });
  register_operation("multiply", 3, [](F f, In a, In b, float* out) { f.multiply(kCount, a, b, out); });
  register_operation("sigmoid", 2, [](F f, In a, In, float* out) { f.sigmoid(kCount, a, out); });
  register_operation("tanh", 2, [](F f, In a, In, float* out) { f.tanh(kCount, a, out); });
  register_operation("add_product", 4, [](F f, In a, In b, float* out) { f.add_product(kCount, a, b, out); });
  register_operation("add_sigmoid_gradient", 4,
                     [](F f, In a, In b, float* out) { f.add_sigmoid_gradient(kCount, a, b, out); });
  register_operation("add_tanh_gradient", 4,
                     [](F f, In a, In b, float* out) { f.add_tanh_gradient(kCount, a, b, out); });
  return true;
}();

}  // namespace
}  // namespace lstm::microbench
