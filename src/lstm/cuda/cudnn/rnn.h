// The whole stack of LSTM layers as one call of cuDNN's RNN interface (version 8 and newer), on packed rows.
// Where all samples have all steps, packed rows are what cuDNN calls unpacked, byte for byte, and it is told
// so: its persistent algorithms are made for that, and PyTorch gives them nothing else.
#pragma once

#include <vector>

#include "cuda/cudnn/descriptors.h"
#include "cuda/cudnn/plan_segments.h"
#include "cuda/runtime/memory.h"
#include "cuda/runtime/stream.h"
#include "engines/training/packed_batch.h"
#include "lstm/engine.h"

namespace lstm::cuda {

// Settings of cuDNN for one network, dtype and algorithm.
struct RnnSetting {
  cudnnRNNAlgo_t algorithm = CUDNN_RNN_ALGO_STANDARD;
  cudnnDataType_t type = CUDNN_DATA_FLOAT;  // of x, y and weights
  cudnnMathType_t math = CUDNN_DEFAULT_MATH;
};
RnnSetting rnn_setting(cudnnRNNAlgo_t algorithm, DType dtype);

// Throws std::invalid_argument with cuDNN's reason where it does not support the combination. Needs no
// device.
void set(const RnnDescriptor& descriptor, const RnnSetting& setting, const Network& network,
         cudnnDropoutDescriptor_t dropout, bool is_unpacked);

// Rows of samples with these lengths, longest first.
bool have_one_length(const std::vector<int>& lengths);
void set(const RnnDataDescriptor& descriptor, cudnnDataType_t type, int vector_size,
         const std::vector<int>& lengths);

// As check(), but for what is out of memory, std::invalid_argument for every failure: cuDNN compiles kernels
// for the shape, and has any of its errors for a shape that it cannot compile.
void check_build(cudnnStatus_t status);

// A step is forward, backward_data, backward_weights. T is what x, y and weights are stored in.
template <class T>
class Rnn {
 public:
  // Throws std::invalid_argument with cuDNN's reason for what it does not support, std::bad_alloc.
  Rnn(const Network& network, const BatchShape& shape, const RnnSetting& setting, const Stream& stream);

  // For batches with these lengths from now on.
  void set_lengths(const engines::PackedBatch& batch);

  void forward(const T* x, T* y);
  void backward_data(const T* y, const T* dy, T* dx);
  void backward_weights(const T* x, const T* y);  // into d_weights()

  // cuDNN's own buffers, and how to get at single tensors in them.
  T* weights() const { return weights_; }
  const T* d_weights() const { return d_weights_; }
  std::vector<Segment> segments(const ParameterLayout& layout) const;  // from the layout to weights()

  std::size_t bytes() const { return arena_.bytes() + workspace_.size() + reserve_.size(); }

 private:
  void build(int samples);  // the kernels of persist-dynamic

  Network network_;
  RnnSetting setting_;
  const Stream* stream_;
  CudnnHandle handle_;
  DropoutDescriptor dropout_;
  RnnDescriptor rnn_;
  RnnDataDescriptor x_, y_;
  TensorDescriptor state_;   // (L*D, N, H)
  bool is_unpacked_ = true;  // what rnn_ is set to
  int built_samples_ = 0;
  std::size_t weight_bytes_ = 0;
  DeviceArena arena_;
  T *weights_ = nullptr, *d_weights_ = nullptr;
  DeviceMemory workspace_, reserve_;
};

}  // namespace lstm::cuda
