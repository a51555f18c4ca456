#include "cuda/cudnn/rnn.h"

#include <algorithm>
#include <stdexcept>

#include "cuda/runtime/check.h"

namespace lstm::cuda {
namespace {

// Bytes from the start of a buffer as elements of T.
template <class T>
std::int64_t elements(const void* start, const void* address) {
  return static_cast<const T*>(address) - static_cast<const T*>(start);
}

}  // namespace

RnnSetting rnn_setting(cudnnRNNAlgo_t algorithm, DType dtype) {
  switch (dtype) {
    case DType::bf16:
      return {algorithm, CUDNN_DATA_BFLOAT16, CUDNN_TENSOR_OP_MATH};
    case DType::fp16:
      return {algorithm, CUDNN_DATA_HALF, CUDNN_TENSOR_OP_MATH};
    case DType::tf32:
      return {algorithm, CUDNN_DATA_FLOAT, CUDNN_DEFAULT_MATH};  // which may round to TF32
    default:
      return {algorithm, CUDNN_DATA_FLOAT, CUDNN_FMA_MATH};
  }
}

void set(const RnnDescriptor& descriptor, const RnnSetting& setting, const Network& network,
         cudnnDropoutDescriptor_t dropout, bool is_unpacked) {
  check(cudnnSetRNNDescriptor_v8(descriptor.get(), setting.algorithm, CUDNN_LSTM, CUDNN_RNN_DOUBLE_BIAS,
                                 network.directions == 2 ? CUDNN_BIDIRECTIONAL : CUDNN_UNIDIRECTIONAL,
                                 CUDNN_LINEAR_INPUT, setting.type, CUDNN_DATA_FLOAT, setting.math,
                                 network.inputs, network.units, network.units, network.layers, dropout,
                                 is_unpacked ? CUDNN_RNN_PADDED_IO_ENABLED : CUDNN_RNN_PADDED_IO_DISABLED),
        "cudnnSetRNNDescriptor_v8");
}

bool have_one_length(const std::vector<int>& lengths) {
  return lengths.front() == lengths.back();
}

void set(const RnnDataDescriptor& descriptor, cudnnDataType_t type, int vector_size,
         const std::vector<int>& lengths) {
  const cudnnRNNDataLayout_t layout = have_one_length(lengths) ? CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_UNPACKED
                                                               : CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_PACKED;
  float padding = 0.0f;  // of which there is none; zero in every type
  check(cudnnSetRNNDataDescriptor(descriptor.get(), type, layout, lengths.front(),
                                  static_cast<int>(lengths.size()), vector_size, lengths.data(), &padding),
        "cudnnSetRNNDataDescriptor");
}

void check_build(cudnnStatus_t status) {
  try {
    check(status, "cudnnBuildRNNDynamic");
  } catch (const std::runtime_error& error) {
    throw std::invalid_argument(error.what());
  }
}

template <class T>
Rnn<T>::Rnn(const Network& network, const BatchShape& shape, const RnnSetting& setting, const Stream& stream)
    : network_(network), setting_(setting), stream_(&stream) {
  check(cudnnSetStream(handle_.get(), stream.get()), "cudnnSetStream");
  check(cudnnSetDropoutDescriptor(dropout_.get(), handle_.get(), 0.0f, nullptr, 0, 0),
        "cudnnSetDropoutDescriptor");
  set(rnn_, setting, network, dropout_.get(), is_unpacked_);
  build(shape.samples);
  check(cudnnGetRNNWeightSpaceSize(handle_.get(), rnn_.get(), &weight_bytes_), "cudnnGetRNNWeightSpaceSize");
  const auto plan = [&] {
    weights_ = arena_.take<T>(weight_bytes_ / sizeof(T));
    d_weights_ = arena_.take<T>(weight_bytes_ / sizeof(T));
  };
  plan();
  arena_.allocate();
  plan();
  check(cudaMemsetAsync(weights_, 0, arena_.bytes(), stream.get()), "clearing cuDNN's weights");
}

template <class T>
void Rnn<T>::build(int samples) {
  if (setting_.algorithm != CUDNN_RNN_ALGO_PERSIST_DYNAMIC || samples == built_samples_) return;
  check_build(cudnnBuildRNNDynamic(handle_.get(), rnn_.get(), samples));
  built_samples_ = samples;
}

template <class T>
void Rnn<T>::set_lengths(const engines::PackedBatch& batch) {
  std::vector<int> lengths;
  for (int place = 0; place < batch.samples(); ++place) lengths.push_back(batch.length(place));
  if (is_unpacked_ != have_one_length(lengths)) {
    set(rnn_, setting_, network_, dropout_.get(), !is_unpacked_);
    is_unpacked_ = !is_unpacked_;
    built_samples_ = 0;
  }
  build(batch.samples());
  set(x_, setting_.type, network_.inputs, lengths);
  set(y_, setting_.type, network_.directions * network_.units, lengths);
  set(state_, setting_.type, {network_.layers * network_.directions, batch.samples(), network_.units});
  std::size_t workspace = 0, reserve = 0;
  check(cudnnGetRNNTempSpaceSizes(handle_.get(), rnn_.get(), CUDNN_FWD_MODE_TRAINING, x_.get(), &workspace,
                                  &reserve),
        "cudnnGetRNNTempSpaceSizes");
  for (const auto& [memory, bytes] : {std::pair(&workspace_, workspace), std::pair(&reserve_, reserve)}) {
    if (memory->size() >= bytes) continue;
    stream_->synchronise();  // nobody reads the old one
    *memory = DeviceMemory();
    *memory = DeviceMemory(bytes);
  }
}

// h and c start from zero, and nobody reads the last ones. Lengths are in the descriptors of x and y; the
// copy on the device that older versions wanted is not read any more (since 8.9.1).
template <class T>
void Rnn<T>::forward(const T* x, T* y) {
  check(cudnnRNNForward(handle_.get(), rnn_.get(), CUDNN_FWD_MODE_TRAINING, nullptr, x_.get(), x, y_.get(), y,
                        state_.get(), nullptr, nullptr, state_.get(), nullptr, nullptr, weight_bytes_,
                        weights_, workspace_.size(), workspace_.data(), reserve_.size(), reserve_.data()),
        "cudnnRNNForward");
}

template <class T>
void Rnn<T>::backward_data(const T* y, const T* dy, T* dx) {
  check(cudnnRNNBackwardData_v8(handle_.get(), rnn_.get(), nullptr, y_.get(), y, dy, x_.get(), dx,
                                state_.get(), nullptr, nullptr, nullptr, state_.get(), nullptr, nullptr,
                                nullptr, weight_bytes_, weights_, workspace_.size(), workspace_.data(),
                                reserve_.size(), reserve_.data()),
        "cudnnRNNBackwardData_v8");
}

template <class T>
void Rnn<T>::backward_weights(const T* x, const T* y) {
  // cuDNN adds only.
  check(cudaMemsetAsync(d_weights_, 0, weight_bytes_, stream_->get()), "clearing cuDNN's gradients");
  check(cudnnRNNBackwardWeights_v8(handle_.get(), rnn_.get(), CUDNN_WGRAD_MODE_ADD, nullptr, x_.get(), x,
                                   state_.get(), nullptr, y_.get(), y, weight_bytes_, d_weights_,
                                   workspace_.size(), workspace_.data(), reserve_.size(), reserve_.data()),
        "cudnnRNNBackwardWeights_v8");
}

template <class T>
std::vector<Segment> Rnn<T>::segments(const ParameterLayout& layout) const {
  const TensorDescriptor matrix, bias;
  return plan_segments(network_, layout, [&](int pseudo_layer, int linear_layer) {
    void *matrix_address = nullptr, *bias_address = nullptr;
    check(cudnnGetRNNWeightParams(handle_.get(), rnn_.get(), pseudo_layer, weight_bytes_, weights_,
                                  linear_layer, matrix.get(), &matrix_address, bias.get(), &bias_address),
          "cudnnGetRNNWeightParams");
    return GateLocation{elements<T>(weights_, matrix_address), elements<T>(weights_, bias_address)};
  });
}

template class Rnn<float>;
template class Rnn<Bf16>;
template class Rnn<Fp16>;

}  // namespace lstm::cuda
