#include "cpu/peak/loops.h"

namespace lstm::cpu {
namespace {

// kCount numbers that the compiler may keep in vector registers; a multiplication and an addition each.
template <class T, int kCount>
void multiply_add(long iterations) {
  volatile T source = T(0.5);  // read anew each time, so that the compiler knows no two sums to be equal
  T sums[kCount];
  for (T& sum : sums) sum = source;
  const T factor = source, term = source;
  for (long i = 0; i < iterations; ++i) {
    for (int j = 0; j < kCount; ++j) sums[j] = sums[j] * factor + term;
  }
  T total = 0;
  for (const T sum : sums) total += sum;
  source = total;
}

}  // namespace

void fp32_flops_portable(long iterations) noexcept {
  multiply_add<float, 32>(iterations);
}
void fp64_flops_portable(long iterations) noexcept {
  multiply_add<double, 16>(iterations);
}

float read_portable(const float* buffer, std::size_t count) noexcept {
  float sums[16] = {};
  for (std::size_t i = 0; i < count; i += 16) {
    for (std::size_t j = 0; j < 16; ++j) sums[j] += buffer[i + j];
  }
  float total = 0;
  for (const float sum : sums) total += sum;
  return total;
}

}  // namespace lstm::cpu
