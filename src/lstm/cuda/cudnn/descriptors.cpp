#include "cuda/cudnn/descriptors.h"

#include <array>
#include <new>
#include <stdexcept>
#include <string>

namespace lstm::cuda {
namespace {

constexpr int kCategory = 1000;  // the thousands of a status say what kind of failure it is

// What cuDNN says of the last failure on this thread; it says nothing of some.
std::string reason(cudnnStatus_t status) {
  std::array<char, 512> message{};
  cudnnGetLastErrorString(message.data(), message.size());
  const std::string name = cudnnGetErrorString(status);
  return message[0] == '\0' ? name : name + ": " + message.data();
}

}  // namespace

void check(cudnnStatus_t status, const char* what) {
  if (status == CUDNN_STATUS_SUCCESS) return;
  if (status == CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED ||
      status == CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED) {
    throw std::bad_alloc();
  }
  const std::string message = std::string(what) + ": " + reason(status);
  if (status / kCategory == CUDNN_STATUS_NOT_SUPPORTED / kCategory) throw std::invalid_argument(message);
  throw std::runtime_error(message);
}

void set(const TensorDescriptor& descriptor, cudnnDataType_t type, const std::vector<int>& sizes) {
  std::vector<int> strides(sizes.size(), 1);
  for (std::size_t i = sizes.size() - 1; i > 0; --i) strides[i - 1] = strides[i] * sizes[i];
  check(cudnnSetTensorNdDescriptor(descriptor.get(), type, static_cast<int>(sizes.size()), sizes.data(),
                                   strides.data()),
        "cudnnSetTensorNdDescriptor");
}

}  // namespace lstm::cuda
