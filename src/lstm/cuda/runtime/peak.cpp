// The roof of the engines: a product of two large matrices by cuBLAS.
#include <algorithm>
#include <chrono>
#include <random>
#include <vector>

#include "cuda/runtime/check.h"
#include "cuda/runtime/device.h"
#include "cuda/runtime/product.h"
#include "lstm/cuda.h"

namespace lstm::cuda {
namespace {

constexpr int kSize = 8192;  // rows and columns: 1.1e12 operations a product

// In [-1, 1), the same every time.
template <class T>
std::vector<T> random_numbers(std::size_t count) {
  std::mt19937 random(1);
  std::vector<T> numbers(count);
  for (T& number : numbers) number = rounded<T>(static_cast<float>(random()) * 0x1p-31f - 1.0f);
  return numbers;
}

template <class T>
double flops_per_second(DType dtype, double seconds) {
  const Stream stream;
  Products products(stream, dtype);
  constexpr std::size_t kElements = static_cast<std::size_t>(kSize) * kSize;
  DeviceArena arena;
  T *a = nullptr, *b = nullptr;
  float* c = nullptr;
  const auto plan = [&] {
    a = arena.take<T>(kElements);
    b = arena.take<T>(kElements);
    c = arena.take<float>(kElements);
  };
  plan();
  arena.allocate();
  plan();
  // Numbers that switch the circuits as training's do: with equal ones a GPU takes less power and clocks
  // higher. The period is prime, so that no two rows are the same.
  constexpr std::size_t kPeriod = 1000003;
  const std::vector<T> noise = random_numbers<T>(kPeriod);
  for (T* const matrix : {a, b}) {
    for (std::size_t done = 0; done < kElements; done += kPeriod) {
      check(cudaMemcpyAsync(matrix + done, noise.data(), std::min(kPeriod, kElements - done) * sizeof(T),
                            cudaMemcpyHostToDevice, stream.get()),
            "filling matrices");
    }
  }
  const auto multiply = [&] {
    products(Product<T>{.transpose_b = true,
                        .m = kSize,
                        .n = kSize,
                        .k = kSize,
                        .a = a,
                        .lda = kSize,
                        .b = b,
                        .ldb = kSize,
                        .c = c,
                        .ldc = kSize});
  };
  multiply();  // chooses and loads its kernel
  stream.synchronise();
  const Event start(true), end(true);
  const auto begin = std::chrono::steady_clock::now();
  stream.record(start);
  int count = 0;
  while (std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() < seconds) {
    multiply();
    if (++count % 8 == 0) stream.synchronise();
  }
  stream.record(end);
  end.synchronise();
  return 2.0 * kSize * kSize * kSize * count / (static_cast<double>(end.nanoseconds_since(start)) * 1e-9);
}

}  // namespace

std::optional<double> measure_peak(DType dtype, double seconds) {
  if (!device_problem().empty()) return std::nullopt;
  switch (dtype) {
    case DType::fp32:
    case DType::tf32:
      return flops_per_second<float>(dtype, seconds);
    case DType::bf16:
      return flops_per_second<Bf16>(dtype, seconds);
    case DType::fp16:
      return flops_per_second<Fp16>(dtype, seconds);
    default:
      return std::nullopt;
  }
}

}  // namespace lstm::cuda
