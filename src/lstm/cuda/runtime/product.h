// Matrix products by cuBLAS, on row-major matrices as kernels/gemm/gemm.h has them.
#pragma once

#include <cublas_v2.h>

#include <cstddef>
#include <memory>

#include "cuda/math/numbers.h"
#include "cuda/runtime/memory.h"
#include "cuda/runtime/stream.h"
#include "lstm/network.h"

namespace lstm::cuda {

// c (m, n) = alpha op(a) (m, k) op(b) (k, n) + beta c. T is float, Bf16 or Fp16; sums are fp32.
template <class T>
struct Product {
  bool transpose_a = false;  // a is (k, m)
  bool transpose_b = false;  // b is (n, k)
  int m = 0, n = 0, k = 0;
  const T* a = nullptr;
  int lda = 0;
  const T* b = nullptr;
  int ldb = 0;
  float* c = nullptr;
  int ldc = 0;
  float alpha = 1.0f;
  float beta = 0.0f;
};

// cuBLAS on one stream, with a workspace of its own: graphs may record its products, and every run gives the
// same bits.
class Products {
 public:
  // tf32 lets float operands be rounded to TF32.
  Products(const Stream& stream, DType dtype);

  template <class T>
  void operator()(const Product<T>& product);

  std::size_t workspace_bytes() const { return workspace_.size(); }

 private:
  struct Destroyer {
    void operator()(cublasHandle_t handle) const { cublasDestroy(handle); }
  };
  std::unique_ptr<cublasContext, Destroyer> handle_;
  cublasComputeType_t compute_ = CUBLAS_COMPUTE_32F;
  DeviceMemory workspace_;
};

}  // namespace lstm::cuda
