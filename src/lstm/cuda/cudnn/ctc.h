// cuDNN's CTC, where it can take a batch: losses that all read the same number of steps (packed rows are then
// dense), and 1 to 255 labels a sample that fit. Everything else goes to the library's own kernels.
#pragma once

#include "cuda/cudnn/descriptors.h"
#include "cuda/kernels/ctc.h"
#include "cuda/runtime/memory.h"
#include "cuda/runtime/stream.h"
#include "cuda/training/device_batch.h"

namespace lstm::cuda {

class CudnnCtc {
 public:
  CudnnCtc(const Network& network, const BatchShape& shape, const Stream& stream);

  // Writes losses and d_logits, as kernels/ctc.h does.
  void operator()(const DeviceBatch& batch, const CtcProblem& problem);

  static bool can_take(const engines::PackedBatch& batch);

 private:
  const Stream* stream_;
  CudnnHandle handle_;
  CtcDescriptor ctc_;
  TensorDescriptor logits_;  // (T, N, V)
  DeviceMemory workspace_;
  DeviceMemory costs_;  // (N) float
  int most_labels_;
};

}  // namespace lstm::cuda
