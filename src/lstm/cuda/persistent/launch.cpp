#include "cuda/persistent/launch.h"

#include <cuda_runtime_api.h>

#include <type_traits>

#include "cuda/persistent/launch_product.h"
#include "cuda/runtime/check.h"
#include "cuda/runtime/current_device.h"

namespace lstm::cuda::persistent {
namespace {

int attribute(cudaDeviceAttr which, int device) {
  int value = 0;
  check(cudaDeviceGetAttribute(&value, which, device), "cudaDeviceGetAttribute");
  return value;
}

template <class T, class Arguments>
void launch_any(StreamHandle stream, const Plan& plan, const Arguments& arguments, std::byte* exchange) {
  if constexpr (std::is_same_v<T, Bf16>) {
    launch_bf16(stream, plan, arguments, exchange);
  } else if constexpr (std::is_same_v<T, Fp16>) {
    launch_fp16(stream, plan, arguments, exchange);
  } else if (plan.geometry.arithmetic == Arithmetic::tf32) {
    launch_tf32(stream, plan, arguments, exchange);
  } else {
    launch_fp32(stream, plan, arguments, exchange);
  }
}

}  // namespace

DeviceLimits device_limits() {
  const int device = current_device();
  DeviceLimits limits = {.multiprocessors = attribute(cudaDevAttrMultiProcessorCount, device),
                         .shared_bytes = attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin, device)};
  if (attribute(cudaDevAttrClusterLaunch, device) != 0) {
    for (std::size_t i = 0; i < limits.clusters.size(); ++i) {
      limits.clusters[i] = clusters_at_once(2 << i, limits.shared_bytes);
    }
  }
  return limits;
}

template <class T>
void launch(StreamHandle stream, const Plan& plan, const ForwardArguments<T>& arguments,
            std::byte* exchange) {
  launch_any<T>(stream, plan, arguments, exchange);
}
template <class T>
void launch(StreamHandle stream, const Plan& plan, const BackwardArguments<T>& arguments,
            std::byte* exchange) {
  launch_any<T>(stream, plan, arguments, exchange);
}

#define LSTM_INSTANTIATE(T)                                                                   \
  template void launch<T>(StreamHandle, const Plan&, const ForwardArguments<T>&, std::byte*); \
  template void launch<T>(StreamHandle, const Plan&, const BackwardArguments<T>&, std::byte*);
LSTM_INSTANTIATE(float)
LSTM_INSTANTIATE(Bf16)
LSTM_INSTANTIATE(Fp16)
#undef LSTM_INSTANTIATE

}  // namespace lstm::cuda::persistent
