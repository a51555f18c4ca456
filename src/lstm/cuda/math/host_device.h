// Functions that run on the GPU and, for the tests, on the CPU.
#pragma once

#ifdef __CUDACC__
#define LSTM_HOST_DEVICE __host__ __device__
#else
#define LSTM_HOST_DEVICE
#endif
