// launch.h of the persistent kernels for an emulated device: whole engines run on it
// (emulated_engines_test.cpp).
#include <vector>

#include "cuda/persistent/launch.h"
#include "lstm/cuda/emulation/queues.h"
#include "lstm/cuda/persistent/emulated_launch.h"

namespace lstm::cuda::persistent {
namespace {

// kernels_test.cpp checks every access of small launches; whole engines would take minutes.
template <class Arguments>
void launch_emulated(StreamHandle stream, const Plan& plan, int warps, const Arguments& arguments) {
  const emulation::EmulatedLaunch launch{
      .warps = warps, .most_warps = plan.most_warps, .is_cluster = plan.is_cluster, .is_checked = false};
  testing::emulation::enqueue(stream, [=] { emulation::run(launch, arguments); });
}

}  // namespace

DeviceLimits device_limits() {
  return {.multiprocessors = 4, .shared_bytes = 227 * 1024, .clusters = {2, 0, 0, 0}};
}

void pack(StreamHandle stream, const Geometry& geometry, Pass pass, std::span<const float* const> R,
          Words* images) {
  testing::emulation::enqueue(stream, [=, matrices = std::vector<const float*>(R.begin(), R.end())] {
    const std::size_t count = packed_bytes(geometry, pass) / sizeof(Words);
    for (std::size_t m = 0; m < matrices.size(); ++m) {
      for (std::size_t i = 0; i < count; ++i)
        images[m * count + i] = packed_words(geometry, pass, matrices[m], i);
    }
  });
}

template <class T>
void launch(StreamHandle stream, const Plan& plan, const ForwardArguments<T>& arguments, std::byte*) {
  launch_emulated(stream, plan, plan.forward_warps, arguments);
}
template <class T>
void launch(StreamHandle stream, const Plan& plan, const BackwardArguments<T>& arguments, std::byte*) {
  launch_emulated(stream, plan, plan.backward_warps, arguments);
}

#define LSTM_INSTANTIATE(T)                                                                   \
  template void launch<T>(StreamHandle, const Plan&, const ForwardArguments<T>&, std::byte*); \
  template void launch<T>(StreamHandle, const Plan&, const BackwardArguments<T>&, std::byte*);
LSTM_INSTANTIATE(float)
LSTM_INSTANTIATE(Bf16)
LSTM_INSTANTIATE(Fp16)
#undef LSTM_INSTANTIATE

}  // namespace lstm::cuda::persistent
