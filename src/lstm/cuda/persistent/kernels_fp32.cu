#include "cuda/persistent/launch.cuh"
#include "cuda/persistent/launch_product.h"

namespace lstm::cuda::persistent {
namespace {

template <class Lane, int most_warps>
using NarrowProduct = ScalarProduct<Lane, 4, most_warps>;
template <class Lane, int most_warps>
using WideProduct = ScalarProduct<Lane, 8, most_warps>;

template <class Arguments>
void launch_slice(StreamHandle stream, const Plan& plan, const Arguments& arguments, std::byte* exchange) {
  if (plan.geometry.slice > 4) {
    launch_product<WideProduct>(stream, plan, arguments, exchange);
  } else {
    launch_product<NarrowProduct>(stream, plan, arguments, exchange);
  }
}

}  // namespace

void launch_fp32(StreamHandle stream, const Plan& plan, const ForwardArguments<float>& arguments,
                 std::byte* exchange) {
  launch_slice(stream, plan, arguments, exchange);
}
void launch_fp32(StreamHandle stream, const Plan& plan, const BackwardArguments<float>& arguments,
                 std::byte* exchange) {
  launch_slice(stream, plan, arguments, exchange);
}

int clusters_at_once(int blocks, int shared_bytes) {
  const auto kernel = &cluster_kernel<WideProduct, ForwardArguments<float>, kMostWarps>;
  cudaFuncAttributes attributes{};
  check(cudaFuncGetAttributes(&attributes, kernel), "cudaFuncGetAttributes");
  // 0: not known, as of code without PTX that an old toolkit made
  if (attributes.ptxVersion > 0 && attributes.ptxVersion < kClusterCode) return 0;
  allow(kernel, blocks > 8);
  cudaLaunchAttribute attribute = cluster_attribute(blocks);
  const cudaLaunchConfig_t config = launch_config(blocks, {kMostWarps, shared_bytes, 0}, nullptr, attribute);
  int clusters = 0;
  if (cudaOccupancyMaxActiveClusters(&clusters, kernel, &config) != cudaSuccess) {
    static_cast<void>(cudaGetLastError());  // a size that this GPU does not have
    return 0;
  }
  return clusters;
}

}  // namespace lstm::cuda::persistent
