// One source for two machines: kernel bodies are compiled by nvcc for the GPU, and by any C++ compiler for
// the emulation that tests them.
#pragma once

#include "cuda/math/host_device.h"

#ifdef __CUDACC__
#define LSTM_DEVICE __device__ __forceinline__
#define LSTM_UNROLL _Pragma("unroll")
#define LSTM_NO_UNROLL _Pragma("unroll 1")
#else
#define LSTM_DEVICE inline
#define LSTM_UNROLL
#define LSTM_NO_UNROLL
#endif
