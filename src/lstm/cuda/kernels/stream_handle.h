// cudaStream_t, for headers that compile without CUDA.
#pragma once

struct CUstream_st;

namespace lstm::cuda {

using StreamHandle = CUstream_st*;

}  // namespace lstm::cuda
