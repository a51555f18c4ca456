#include <algorithm>

#include "cuda/persistent/launch.h"
#include "cuda/runtime/check.h"

namespace lstm::cuda::persistent {
namespace {

constexpr std::size_t kMostMatrices = 32;  // of one launch

struct Matrices {
  const float* R[kMostMatrices];
};

// A row of blocks a matrix.
__global__ void pack_kernel(const __grid_constant__ Geometry geometry, Pass pass,
                            const __grid_constant__ Matrices matrices, Words* images, unsigned count) {
  const unsigned index = blockIdx.x * blockDim.x + threadIdx.x, matrix = blockIdx.y;
  if (index >= count) return;
  images[static_cast<std::size_t>(matrix) * count + index] =
      packed_words(geometry, pass, matrices.R[matrix], index);
}

}  // namespace

void pack(StreamHandle stream, const Geometry& geometry, Pass pass, std::span<const float* const> R,
          Words* images) {
  constexpr unsigned kThreads = 256;
  const std::size_t count = packed_bytes(geometry, pass) / sizeof(Words);
  const auto blocks = static_cast<unsigned>((count + kThreads - 1) / kThreads);
  for (std::size_t first = 0; first < R.size(); first += kMostMatrices) {
    const auto part = R.subspan(first, std::min(kMostMatrices, R.size() - first));
    Matrices matrices = {};
    std::ranges::copy(part, matrices.R);
    pack_kernel<<<dim3(blocks, static_cast<unsigned>(part.size())), kThreads, 0, stream>>>(
        geometry, pass, matrices, images + first * count, static_cast<unsigned>(count));
    check_launch("pack");
  }
}

}  // namespace lstm::cuda::persistent
