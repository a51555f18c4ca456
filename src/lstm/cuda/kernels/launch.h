// How kernels are started. Tests that emulate a device have a launch() of their own.
#pragma once

#ifndef LSTM_EMULATES_CUDA

#include "cuda/kernels/stream_handle.h"
#include "cuda/runtime/check.h"

namespace lstm::cuda {

// Throws std::runtime_error naming `name` where the kernel cannot be started.
template <class... Parameters, class... Arguments>
void launch(const char* name, StreamHandle stream, dim3 grid, dim3 block, void (*kernel)(Parameters...),
            Arguments... arguments) {
  kernel<<<grid, block, 0, stream>>>(arguments...);
  check_launch(name);
}

}  // namespace lstm::cuda

#endif
