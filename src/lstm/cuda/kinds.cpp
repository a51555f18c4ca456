// Names of the engines for a GPU, in every build: `lstmbench list` shows them with the reason where they
// cannot run.
#include "cuda/engines.h"

namespace lstm::cuda {

std::span<const EngineKind> engine_kinds() {
  static const std::vector<DType> all{DType::fp32, DType::tf32, DType::bf16, DType::fp16};
  static const std::vector<EngineKind> kinds = {
      {"cuda/basic", "separate operations for each time step on the GPU", {DType::fp32, DType::tf32}},
      {"cuda/fused", "one cuBLAS product and one fused gate kernel for each time step, in a CUDA graph", all},
      {"cudnn/standard", "cuDNN's RNN, one launch for each operation of a step", all},
      {"cudnn/persist-static", "cuDNN's RNN, persistent kernels that were compiled ahead", all},
      {"cudnn/persist-dynamic", "cuDNN's RNN, persistent kernels compiled for the shape at run time", all},
      {"cudnn/persist-static-small-h", "cuDNN's RNN, persistent kernels for few units", all},
      {"cuda/persistent", "a layer's recurrence in one launch, its weights spread over clusters of blocks",
       all},
  };
  return kinds;
}

}  // namespace lstm::cuda
