// Loops that the front end unrolls, so that what they index can live in registers.
#pragma once

namespace lstm::kernels {
namespace {

#define LSTM_INLINE __attribute__((always_inline))

// A number known when compiling, as a value.
template <int kValue>
struct Constant {
  constexpr operator int() const noexcept { return kValue; }
};

// body(Constant<0>), ..., body(Constant<kCount - 1>), unrolled by the front end: only so does the compiler
// see that the elements of a Tile can live in registers.
template <int kCount, int kFirst = 0, class Body>
LSTM_INLINE inline void unroll(Body body) noexcept {
  if constexpr (kFirst < kCount) {
    body(Constant<kFirst>{});
    unroll<kCount, kFirst + 1>(body);
  }
}

// body(Constant<n>) for n of 1..kMost.
template <int kMost, class Body>
LSTM_INLINE inline void with_constant(int n, Body body) noexcept {
  unroll<kMost>([&](auto less) LSTM_INLINE {
    if (n == less + 1) body(Constant<decltype(less){} + 1>{});
  });
}

// body(Constant<first>, Constant<count>) for groups of kGroup, and what is left, of 0..kCount.
template <int kCount, int kGroup, int kFirst = 0, class Body>
LSTM_INLINE inline void unroll_groups(Body body) noexcept {
  if constexpr (kFirst < kCount) {
    constexpr int kThis = kCount - kFirst < kGroup ? kCount - kFirst : kGroup;
    body(Constant<kFirst>{}, Constant<kThis>{});
    unroll_groups<kCount, kGroup, kFirst + kThis>(body);
  }
}

}  // namespace
}  // namespace lstm::kernels
