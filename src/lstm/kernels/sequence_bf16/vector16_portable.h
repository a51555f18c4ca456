// 16 floats, and 32 numbers in bf16, as plain C++: the portable stand-in for an AVX-512 register.
#pragma once

#include <bit>
#include <cstdint>

namespace lstm::kernels {
namespace {

struct Vector {
  static constexpr int kWidth = 16;

  float v[16];

  static Vector load(const float* p) noexcept {
    Vector result;
    for (int i = 0; i < 16; ++i) result.v[i] = p[i];
    return result;
  }
  static Vector all(float x) noexcept {
    Vector result;
    for (float& lane : result.v) lane = x;
    return result;
  }
  void store(float* p) const noexcept {
    for (int i = 0; i < 16; ++i) p[i] = v[i];
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

// The only register of a Vector.
struct Register : Vector {
  static constexpr int kTileRows = 11;  // as with AVX-512

  static Register load(const float* p) noexcept { return {Vector::load(p)}; }
  static Register all(float x) noexcept { return {Vector::all(x)}; }
};

template <class Function>
inline Vector for_each_lane(Function function) noexcept {
  Vector result;
  for (int i = 0; i < 16; ++i) result.v[i] = function(i);
  return result;
}

inline Vector operator+(const Vector& a, const Vector& b) noexcept {
  return for_each_lane([&](int i) { return a.v[i] + b.v[i]; });
}
inline Vector operator-(const Vector& a, const Vector& b) noexcept {
  return for_each_lane([&](int i) { return a.v[i] - b.v[i]; });
}
inline Vector operator*(const Vector& a, const Vector& b) noexcept {
  return for_each_lane([&](int i) { return a.v[i] * b.v[i]; });
}
inline Vector multiply_add(const Vector& a, const Vector& b, const Vector& c) noexcept {
  return a * b + c;
}
inline Register multiply_add(const Register& a, const Register& b, const Register& c) noexcept {
  return {static_cast<const Vector&>(a) * b + c};
}
// c - a * b
inline Vector negative_multiply_add(const Vector& a, const Vector& b, const Vector& c) noexcept {
  return c - a * b;
}
// The smaller (larger) of limit and x; x where x is not a number.
inline Vector at_most(const Vector& limit, const Vector& x) noexcept {
  return for_each_lane([&](int i) { return limit.v[i] < x.v[i] ? limit.v[i] : x.v[i]; });
}
inline Vector at_least(const Vector& limit, const Vector& x) noexcept {
  return for_each_lane([&](int i) { return limit.v[i] > x.v[i] ? limit.v[i] : x.v[i]; });
}
// x * 2^n for integers -127 < n < 128; x where n is not a number
inline Vector times_power_of_two(const Vector& x, const Vector& n) noexcept {
  return for_each_lane([&](int i) {
    const int exponent = n.v[i] == n.v[i] ? static_cast<int>(n.v[i]) : 0;
    return x.v[i] * std::bit_cast<float>((exponent + 127) << 23);
  });
}
inline Vector reciprocal(const Vector& x) noexcept {
  return for_each_lane([&](int i) { return 1.0f / x.v[i]; });
}
inline void transpose(Vector (&rows)[16]) noexcept {
  for (int r = 0; r < 16; ++r) {
    for (int c = r + 1; c < 16; ++c) {
      const float swapped = rows[r].v[c];
      rows[r].v[c] = rows[c].v[r];
      rows[c].v[r] = swapped;
    }
  }
}

// As VCVTNEPS2BF16: to nearest, ties to even; subnormal numbers to zero; quiet NaN.
inline std::uint16_t rounded(float x) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return static_cast<std::uint16_t>(bits >> 16 | 0x40u);
  if (magnitude < 0x00800000u) return static_cast<std::uint16_t>(bits >> 16 & 0x8000u);
  return static_cast<std::uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}
inline float widened(std::uint16_t x) noexcept {
  return std::bit_cast<float>(static_cast<std::uint32_t>(x) << 16);
}

struct Words {
  static constexpr int kSideBySide = 4;  // Vectors that activations go through together
  static constexpr bool kLooksUp = true;

  std::uint16_t v[32];

  static Words zero() noexcept { return {}; }
  static Words load(const std::uint16_t* p) noexcept {
    Words result;
    for (int i = 0; i < 32; ++i) result.v[i] = p[i];
    return result;
  }
  void store(std::uint16_t* p) const noexcept {
    for (int i = 0; i < 32; ++i) p[i] = v[i];
  }
  void store_past_caches(std::uint16_t* p) const noexcept { store(p); }
  // The pair at p, 16 times.
  static Words pair(const std::uint16_t* p) noexcept {
    Words result;
    for (int i = 0; i < 32; ++i) result.v[i] = p[i % 2];
    return result;
  }
  // 32 floats, rounded.
  static Words round(const Vector& low, const Vector& high) noexcept {
    Words result;
    for (int i = 0; i < 16; ++i) result.v[i] = rounded(low.v[i]);
    for (int i = 0; i < 16; ++i) result.v[16 + i] = rounded(high.v[i]);
    return result;
  }
};

inline void complete_stores() noexcept {}

// a[0], b[0], a[1], b[1], ... of the lower halves, and of the upper ones.
inline void interleave(const Words& a, const Words& b, Words& low, Words& high) noexcept {
  for (int i = 0; i < 16; ++i) {
    low.v[2 * i] = a.v[i];
    low.v[2 * i + 1] = b.v[i];
    high.v[2 * i] = a.v[16 + i];
    high.v[2 * i + 1] = b.v[16 + i];
  }
}

// As 16 pairs: rows[r] pair c becomes rows[c] pair r.
inline void transpose_pairs(Words (&rows)[16]) noexcept {
  for (int r = 0; r < 16; ++r) {
    for (int c = r + 1; c < 16; ++c) {
      for (int i = 0; i < 2; ++i) {
        const std::uint16_t swapped = rows[r].v[2 * c + i];
        rows[r].v[2 * c + i] = rows[c].v[2 * r + i];
        rows[c].v[2 * r + i] = swapped;
      }
    }
  }
}

inline Vector widen(const std::uint16_t* p) noexcept {
  return for_each_lane([&](int i) { return widened(p[i]); });
}
// The first numbers of 16 pairs, and the second ones.
inline Vector first_of_pairs(const Words& pairs) noexcept {
  return for_each_lane([&](int i) { return widened(pairs.v[2 * i]); });
}
inline Vector second_of_pairs(const Words& pairs) noexcept {
  return for_each_lane([&](int i) { return widened(pairs.v[2 * i + 1]); });
}
// x rounded to bf16
inline Vector nearest(const Vector& x) noexcept {
  return for_each_lane([&](int i) { return widened(rounded(x.v[i])); });
}
// Floats that lie where 32 numbers in bf16 would.
inline Vector load_floats(const std::uint16_t* p) noexcept {
  Vector result;
  __builtin_memcpy(result.v, p, sizeof result.v);
  return result;
}
inline Words floats_as_words(const Vector& x) noexcept {
  Words result;
  __builtin_memcpy(result.v, x.v, sizeof x.v);
  return result;
}
// sum + a * b, where each lane adds the products of a pair: in the order of VDPBF16PS (Intel SDM volume 2).
inline Vector dot(const Vector& sum, const Words& a, const Words& b) noexcept {
  return for_each_lane([&](int i) {
    const float odd = sum.v[i] + widened(a.v[2 * i + 1]) * widened(b.v[2 * i + 1]);
    return odd + widened(a.v[2 * i]) * widened(b.v[2 * i]);
  });
}
// sum + both numbers of each of 16 pairs, in the order of VDPBF16PS
inline Vector add_pairs(const Vector& sum, const Words& pairs) noexcept {
  return for_each_lane(
      [&](int i) { return sum.v[i] + widened(pairs.v[2 * i + 1]) + widened(pairs.v[2 * i]); });
}
inline void store_rounded(const Vector& x, std::uint16_t* p) noexcept {
  for (int i = 0; i < 16; ++i) p[i] = rounded(x.v[i]);
}
inline Vector magnitude(const Vector& x) noexcept {
  return for_each_lane([&](int i) { return __builtin_fabsf(x.v[i]); });
}
// y where x >= 0, else -y
inline Vector with_sign_of(const Vector& x, const Vector& y) noexcept {
  return for_each_lane([&](int i) { return __builtin_signbit(x.v[i]) ? -y.v[i] : y.v[i]; });
}
// Of each lane the element that its lowest four bits have.
inline Vector look_up(const float (&table)[16], const Vector& where) noexcept {
  return for_each_lane([&](int i) { return table[std::bit_cast<std::uint32_t>(where.v[i]) & 15u]; });
}
// The first n lanes, and zeros.
inline Vector first_lanes(const Vector& x, int n) noexcept {
  return for_each_lane([&](int i) { return i < n ? x.v[i] : 0.0f; });
}

}  // namespace
}  // namespace lstm::kernels
