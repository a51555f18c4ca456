// launch() of kernels/launch.h for an emulated device. The compiler includes this in front of the library's
// .cu files.
#pragma once

#define LSTM_EMULATES_CUDA

#include <string_view>

#include "lstm/cuda/emulation/emulation.h"
#include "lstm/cuda/emulation/queues.h"

struct dim3 {
  dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
  unsigned x, y, z;
};

namespace lstm::cuda {

// Whether a kernel's threads wait for each other. One that does and is not named here ends its test.
inline bool has_barriers(std::string_view kernel) {
  return kernel == "cross_entropy" || kernel == "partial_column_sums" || kernel == "bias_gradient" ||
         kernel == "square_sums" || kernel == "sum_in_order" || kernel == "small_head_forward" ||
         kernel.starts_with("ctc_");
}

template <class... Parameters, class... Arguments>
void launch(const char* name, cudaStream_t stream, dim3 grid, dim3 block, void (*kernel)(Parameters...),
            Arguments... arguments) {
  namespace emulation = testing::emulation;
  emulation::enqueue(stream, [=] {
    const emulation::Dim3 blocks{grid.x, grid.y, grid.z}, threads{block.x, block.y, block.z};
    const auto body = [=] { kernel(arguments...); };
    if (has_barriers(name)) {
      emulation::run(blocks, threads, 0, emulation::Order::rising, body);
    } else {
      emulation::run_independent(blocks, threads, body);
    }
  });
}

}  // namespace lstm::cuda
