// cuDNN's handles and descriptors, owned, and its errors as exceptions.
#pragma once

#include <cudnn.h>

#include <memory>
#include <type_traits>
#include <vector>

#include "cuda/math/numbers.h"

namespace lstm::cuda {

// Throws std::invalid_argument where cuDNN does not support what was asked for, std::bad_alloc for what is
// out of memory, else std::runtime_error; with cuDNN's own reason.
void check(cudnnStatus_t status, const char* what);

template <class Pointer, cudnnStatus_t (*create)(Pointer*), cudnnStatus_t (*destroy)(Pointer)>
class CudnnObject {
 public:
  CudnnObject() {
    Pointer created = nullptr;
    check(create(&created), "creating an object of cuDNN");
    object_.reset(created);
  }
  Pointer get() const { return object_.get(); }

 private:
  struct Destroyer {
    void operator()(Pointer object) const { destroy(object); }
  };
  std::unique_ptr<std::remove_pointer_t<Pointer>, Destroyer> object_;
};

using CudnnHandle = CudnnObject<cudnnHandle_t, cudnnCreate, cudnnDestroy>;
using RnnDescriptor = CudnnObject<cudnnRNNDescriptor_t, cudnnCreateRNNDescriptor, cudnnDestroyRNNDescriptor>;
using DropoutDescriptor =
    CudnnObject<cudnnDropoutDescriptor_t, cudnnCreateDropoutDescriptor, cudnnDestroyDropoutDescriptor>;
using RnnDataDescriptor =
    CudnnObject<cudnnRNNDataDescriptor_t, cudnnCreateRNNDataDescriptor, cudnnDestroyRNNDataDescriptor>;
using TensorDescriptor =
    CudnnObject<cudnnTensorDescriptor_t, cudnnCreateTensorDescriptor, cudnnDestroyTensorDescriptor>;
using CtcDescriptor =
    CudnnObject<cudnnCTCLossDescriptor_t, cudnnCreateCTCLossDescriptor, cudnnDestroyCTCLossDescriptor>;

// A dense tensor.
void set(const TensorDescriptor& descriptor, cudnnDataType_t type, const std::vector<int>& sizes);

}  // namespace lstm::cuda
