// kernels/simd's Vector as an array of any width: what gemm_blocked.h needs of it, in plain C++. Define
// LSTM_MODEL_LANES before.
#pragma once

#include <algorithm>
#include <cmath>

namespace lstm::kernels {
namespace {

struct Vector {
  static constexpr int kLanes = LSTM_MODEL_LANES;
  struct Mask {
    long count;
  };

  float v[kLanes];

  static Vector broadcast(float x) {
    Vector all;
    std::fill_n(all.v, kLanes, x);
    return all;
  }
  static Vector zero() { return broadcast(0.0f); }
  static Vector load(const float* p) { return load(p, {kLanes}); }
  static Vector load(const float* p, Mask mask) {
    Vector loaded = zero();
    std::copy_n(p, mask.count, loaded.v);
    return loaded;
  }
  void store(float* p) const { store(p, {kLanes}); }
  void store(float* p, Mask mask) const { std::copy_n(v, mask.count, p); }
  static Mask first(long count) { return {std::min<long>(count, kLanes)}; }
};

Vector multiply_add(const Vector& a, const Vector& b, const Vector& c) {
  Vector sum;
  for (int i = 0; i < Vector::kLanes; ++i) sum.v[i] = std::fma(a.v[i], b.v[i], c.v[i]);
  return sum;
}

void transpose(Vector (&rows)[Vector::kLanes]) {
  for (int i = 0; i < Vector::kLanes; ++i) {
    for (int j = 0; j < i; ++j) std::swap(rows[i].v[j], rows[j].v[i]);
  }
}

void prefetch(const float*) {}

}  // namespace
}  // namespace lstm::kernels
