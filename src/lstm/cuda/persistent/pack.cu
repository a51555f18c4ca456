#include "cuda/persistent/launch.h"
#include "cuda/runtime/check.h"

namespace lstm::cuda::persistent {
namespace {

__global__ void pack_kernel(const __grid_constant__ Geometry geometry, Pass pass, const float* R,
                            Words* weights, std::size_t count) {
  const std::size_t index = static_cast<std::size_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (index < count) weights[index] = packed_words(geometry, pass, R, index);
}

}  // namespace

void pack(StreamHandle stream, const Geometry& geometry, Pass pass, const float* R, Words* weights) {
  constexpr unsigned kThreads = 256;
  const std::size_t count = packed_bytes(geometry, pass) / sizeof(Words);
  const auto blocks = static_cast<unsigned>((count + kThreads - 1) / kThreads);
  pack_kernel<<<blocks, kThreads, 0, stream>>>(geometry, pass, R, weights, count);
  check_launch("pack");
}

}  // namespace lstm::cuda::persistent
