// The kernels of one product, and their launches: included by one file an arithmetic, which are compiled
// apart.
#pragma once

#include <cuda_runtime.h>

#include "cuda/persistent/backward.h"
#include "cuda/persistent/cluster_lane.cuh"
#include "cuda/persistent/forward.h"
#include "cuda/persistent/grid_lane.cuh"
#include "cuda/persistent/plan.h"
#include "cuda/runtime/check.h"
#include "cuda/runtime/current_device.h"

namespace lstm::cuda::persistent {

// The first architecture with clusters, as cudaFuncAttributes::ptxVersion has it.
constexpr int kClusterCode = 90;

template <class Product, class Lane, class T>
__device__ void run_block(Lane& lane, const ForwardArguments<T>& arguments) {
  forward_block<Product>(lane, arguments);
}
template <class Product, class Lane, class T>
__device__ void run_block(Lane& lane, const BackwardArguments<T>& arguments) {
  backward_block<Product>(lane, arguments);
}

// ProductOf<Lane, most_warps> is a product. Code for older architectures has no clusters, and
// clusters_at_once() sees to it that it is never launched.
template <template <class, int> class ProductOf, class Arguments, int most_warps>
__global__ void __launch_bounds__(most_warps* kLanes, 1)
    cluster_kernel(const __grid_constant__ Arguments arguments) {
#if __CUDA_ARCH__ >= 900  // kClusterCode
  ClusterLane lane;
  run_block<ProductOf<ClusterLane, most_warps>>(lane, arguments);
#endif
}

template <template <class, int> class ProductOf, class Arguments>
__global__ void __launch_bounds__(kMostWarps* kLanes, 1)
    grid_kernel(const __grid_constant__ Arguments arguments, const __grid_constant__ GridExchange exchange) {
  GridLane lane(exchange, arguments.geometry.blocks);
  run_block<ProductOf<GridLane, kMostWarps>>(lane, arguments);
}

struct BlockSize {
  int warps, shared_bytes, inbox_bytes;
};
template <class T>
BlockSize block_size(const Plan& plan, const ForwardArguments<T>&) {
  return {plan.forward_warps, plan.forward_shared_bytes, 2 * forward_inbox_bytes(plan.geometry)};
}
template <class T>
BlockSize block_size(const Plan& plan, const BackwardArguments<T>&) {
  return {plan.backward_warps, plan.backward_shared_bytes, 2 * backward_inbox_bytes(plan.geometry)};
}

inline cudaLaunchConfig_t launch_config(int blocks, const BlockSize& block, cudaStream_t stream,
                                        cudaLaunchAttribute& attribute) {
  cudaLaunchConfig_t config = {};
  config.gridDim = dim3(static_cast<unsigned>(blocks));
  config.blockDim = dim3(static_cast<unsigned>(block.warps * kLanes));
  config.dynamicSmemBytes = static_cast<std::size_t>(block.shared_bytes);
  config.stream = stream;
  config.attrs = &attribute;
  config.numAttrs = 1;
  return config;
}

inline cudaLaunchAttribute cluster_attribute(int blocks) {
  cudaLaunchAttribute attribute = {};
  attribute.id = cudaLaunchAttributeClusterDimension;
  attribute.val.clusterDim.x = static_cast<unsigned>(blocks);
  attribute.val.clusterDim.y = 1;
  attribute.val.clusterDim.z = 1;
  return attribute;
}

// Lets a kernel have more than 48 KB of shared memory, and clusters of 16, which not every GPU has. All that
// the device gives, whatever this launch takes: attributes are the kernel's, and engines in other threads
// launch it, too.
template <class Kernel>
void allow(Kernel kernel, bool has_large_clusters) {
  int most_shared_bytes = 0;
  check(cudaDeviceGetAttribute(&most_shared_bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, current_device()),
        "cudaDeviceGetAttribute");
  check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, most_shared_bytes),
        "shared memory of a persistent kernel");
  if (has_large_clusters) {
    check(cudaFuncSetAttribute(kernel, cudaFuncAttributeNonPortableClusterSizeAllowed, 1),
          "clusters of 16 blocks");
  }
}

template <template <class, int> class ProductOf, class Arguments>
void launch_product(cudaStream_t stream, const Plan& plan, const Arguments& arguments,
                    std::byte* exchange_memory) {
  const Geometry& geometry = plan.geometry;
  const BlockSize block = block_size(plan, arguments);
  if (plan.is_cluster) {
    const auto kernel = plan.most_warps == kFewWarps ? &cluster_kernel<ProductOf, Arguments, kFewWarps>
                                                     : &cluster_kernel<ProductOf, Arguments, kMostWarps>;
    allow(kernel, geometry.blocks > 8);
    cudaLaunchAttribute attribute = cluster_attribute(geometry.blocks);
    const cudaLaunchConfig_t config =
        launch_config(geometry.groups() * geometry.blocks, block, stream, attribute);
    check(cudaLaunchKernelEx(&config, kernel, arguments), "a persistent kernel on clusters");
    return;
  }
  const auto kernel = &grid_kernel<ProductOf, Arguments>;
  allow(kernel, false);
  cudaLaunchAttribute attribute = {};
  attribute.id = cudaLaunchAttributeCooperative;
  attribute.val.cooperative = 1;
  for (int group = 0; group < geometry.groups(); group += plan.groups_at_once) {
    const int left = geometry.groups() - group;
    const int blocks = (left < plan.groups_at_once ? left : plan.groups_at_once) * geometry.blocks;
    const std::size_t inboxes =
        static_cast<std::size_t>(blocks) * static_cast<std::size_t>(block.inbox_bytes);
    check(cudaMemsetAsync(exchange_memory, 0, inboxes + static_cast<std::size_t>(blocks) * 8, stream),
          "clearing inboxes");
    const GridExchange exchange = {reinterpret_cast<Words*>(exchange_memory),
                                   reinterpret_cast<std::uint32_t*>(exchange_memory + inboxes),
                                   block.inbox_bytes, group};
    const cudaLaunchConfig_t config = launch_config(blocks, block, stream, attribute);
    check(cudaLaunchKernelEx(&config, kernel, arguments, exchange), "a cooperative persistent kernel");
  }
}

}  // namespace lstm::cuda::persistent
