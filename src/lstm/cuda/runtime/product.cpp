#include "cuda/runtime/product.h"

#include "cuda/runtime/check.h"

namespace lstm::cuda {
namespace {

constexpr std::size_t kWorkspaceBytes = 32u << 20;  // what NVIDIA recommends for Hopper

template <class T>
constexpr cudaDataType_t kDataType = CUDA_R_32F;
template <>
constexpr cudaDataType_t kDataType<Bf16> = CUDA_R_16BF;
template <>
constexpr cudaDataType_t kDataType<Fp16> = CUDA_R_16F;

}  // namespace

Products::Products(const Stream& stream, DType dtype)
    : compute_(dtype == DType::tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F),
      workspace_(kWorkspaceBytes) {
  cublasHandle_t created = nullptr;
  check(cublasCreate(&created), "cublasCreate");
  handle_.reset(created);
  check(cublasSetStream(handle_.get(), stream.get()), "cublasSetStream");
  check(cublasSetWorkspace(handle_.get(), workspace_.data(), workspace_.size()), "cublasSetWorkspace");
}

// cuBLAS is column-major: a row-major matrix is its transpose there, so c^T = op(b)^T op(a)^T.
template <class T>
void Products::operator()(const Product<T>& p) {
  if (p.m == 0 || p.n == 0) return;
  check(cublasGemmEx(handle_.get(), p.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N,
                     p.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N, p.n, p.m, p.k, &p.alpha, p.b, kDataType<T>,
                     p.ldb, p.a, kDataType<T>, p.lda, &p.beta, p.c, CUDA_R_32F, p.ldc, compute_,
                     CUBLAS_GEMM_DEFAULT),
        "cublasGemmEx");
}

template void Products::operator()(const Product<float>&);
template void Products::operator()(const Product<Bf16>&);
template void Products::operator()(const Product<Fp16>&);

}  // namespace lstm::cuda
