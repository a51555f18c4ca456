// 4 floats as plain C++, for machines without AVX2; the compiler makes of it what the target's baseline has.
// Tests include it with the widths of other instruction sets, so that what the kernels do with those widths
// is tested on every machine.
#pragma once

#ifndef LSTM_PORTABLE_WIDTH
#define LSTM_PORTABLE_WIDTH 4
#define LSTM_PORTABLE_TILE_ROWS 2
#define LSTM_PORTABLE_OPERATION inline
#endif

#include <bit>
#include <cmath>
#include <cstdint>

namespace lstm::kernels {
namespace {

struct Vector {
  static constexpr int kWidth = LSTM_PORTABLE_WIDTH;
  static constexpr int kTileRows = LSTM_PORTABLE_TILE_ROWS;
  static constexpr int kSideBySide = 1;  // more compiles for minutes
  static constexpr int kPieceBytes = 16 * 1024;

  float v[kWidth];

  static LSTM_PORTABLE_OPERATION Vector load(const float* p) noexcept {
    Vector result;
    for (int i = 0; i < kWidth; ++i) result.v[i] = p[i];
    return result;
  }
  static LSTM_PORTABLE_OPERATION Vector all(float x) noexcept {
    Vector result;
    for (int i = 0; i < kWidth; ++i) result.v[i] = x;
    return result;
  }
  LSTM_PORTABLE_OPERATION void store(float* p) const noexcept {
    for (int i = 0; i < kWidth; ++i) p[i] = v[i];
  }
  static Vector load_part(const float* p, int n) noexcept {
    Vector result = all(0.0f);
    for (int i = 0; i < n; ++i) result.v[i] = p[i];
    return result;
  }
  void store_part(float* p, int n) const noexcept {
    for (int i = 0; i < n; ++i) p[i] = v[i];
  }
};

template <class Function>
inline Vector for_each_lane(Function function) noexcept {
  Vector result;
  for (int i = 0; i < Vector::kWidth; ++i) result.v[i] = function(i);
  return result;
}

LSTM_PORTABLE_OPERATION Vector operator+(Vector a, Vector b) noexcept {
  return for_each_lane([&](int i) { return a.v[i] + b.v[i]; });
}
LSTM_PORTABLE_OPERATION Vector operator-(Vector a, Vector b) noexcept {
  return for_each_lane([&](int i) { return a.v[i] - b.v[i]; });
}
LSTM_PORTABLE_OPERATION Vector operator*(Vector a, Vector b) noexcept {
  return for_each_lane([&](int i) { return a.v[i] * b.v[i]; });
}
LSTM_PORTABLE_OPERATION Vector multiply_add(Vector a, Vector b, Vector c) noexcept {
  return a * b + c;
}
// c - a * b
LSTM_PORTABLE_OPERATION Vector negative_multiply_add(Vector a, Vector b, Vector c) noexcept {
  return c - a * b;
}
// The smaller (larger) of limit and x; x where x is not a number.
LSTM_PORTABLE_OPERATION Vector at_most(Vector limit, Vector x) noexcept {
  return for_each_lane([&](int i) { return limit.v[i] < x.v[i] ? limit.v[i] : x.v[i]; });
}
LSTM_PORTABLE_OPERATION Vector at_least(Vector limit, Vector x) noexcept {
  return for_each_lane([&](int i) { return limit.v[i] > x.v[i] ? limit.v[i] : x.v[i]; });
}
// x * 2^n for integers -127 < n < 128; x where n is not a number
LSTM_PORTABLE_OPERATION Vector times_power_of_two(Vector x, Vector n) noexcept {
  return for_each_lane([&](int i) {
    const int exponent = n.v[i] == n.v[i] ? static_cast<int>(n.v[i]) : 0;
    return x.v[i] * std::bit_cast<float>((exponent + 127) << 23);
  });
}
LSTM_PORTABLE_OPERATION Vector reciprocal(Vector x) noexcept {
  return for_each_lane([&](int i) { return 1.0f / x.v[i]; });
}

// rows[r] lane c becomes rows[c] lane r.
LSTM_PORTABLE_OPERATION void transpose(Vector (&rows)[Vector::kWidth]) noexcept {
  for (int r = 0; r < Vector::kWidth; ++r) {
    for (int c = r + 1; c < Vector::kWidth; ++c) {
      const float swapped = rows[r].v[c];
      rows[r].v[c] = rows[c].v[r];
      rows[c].v[r] = swapped;
    }
  }
}

}  // namespace
}  // namespace lstm::kernels
