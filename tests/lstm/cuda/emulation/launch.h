// launch() of kernels/launch.h for an emulated device. The compiler includes this in front of the library's
// .cu files.
#pragma once

#define LSTM_EMULATES_CUDA

#include "lstm/cuda/emulation/emulation.h"
#include "lstm/cuda/emulation/queues.h"

struct dim3 {
  dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
  unsigned x, y, z;
};

namespace lstm::cuda {

template <class... Parameters, class... Arguments>
void launch(const char*, cudaStream_t stream, dim3 grid, dim3 block, void (*kernel)(Parameters...),
            Arguments... arguments) {
  testing::emulation::enqueue(stream, [=] {
    testing::emulation::run({grid.x, grid.y, grid.z}, {block.x, block.y, block.z}, 0,
                            testing::emulation::Order::rising, [=] { kernel(arguments...); });
  });
}

}  // namespace lstm::cuda
