// A number as one part in bf16, or as two whose sum it is to 2^-16. `part`: words from one part of 32 numbers
// to the other. Included after a Vector with its Words.
#pragma once

#include "kernels/sequence_bf16/sequence_bf16.h"

namespace lstm::kernels {
namespace {

using bf16::Bf16;

template <int kParts>
inline void split(Vector low, Vector high, Words (&parts)[kParts]) noexcept {
  parts[0] = Words::round(low, high);
  if constexpr (kParts == 2) parts[1] = Words::round(low - nearest(low), high - nearest(high));
}

// 32 numbers of an operand.
template <int kParts>
inline void store_operand(Vector low, Vector high, Bf16* to, std::size_t part) noexcept {
  Words parts[kParts];
  split(low, high, parts);
  parts[0].store(to);
  if constexpr (kParts == 2) parts[1].store(to + part);
}
// 16 of them: the lower half at `to`, the upper one 16 words behind.
template <int kParts>
inline void store_half_operand(Vector x, Bf16* to, std::size_t part) noexcept {
  store_rounded(x, to);
  if constexpr (kParts == 2) store_rounded(x - nearest(x), to + part);
}

// Where the lower or upper half of 32 saved numbers lies: in bf16 beside the other one, in fp32 in a part's
// place.
template <int kParts>
LSTM_INLINE inline std::size_t saved_half(std::size_t half, std::size_t part) noexcept {
  return half * (kParts == 1 ? 16 : part);
}
// 16 numbers saved for backward: beside one part in bf16, beside two in fp32.
template <int kParts>
inline Vector load_saved(const Bf16* from) noexcept {
  if constexpr (kParts == 1) {
    return widen(from);
  } else {
    return load_floats(from);
  }
}
template <int kParts>
inline void store_saved(Vector x, Bf16* to) noexcept {
  if constexpr (kParts == 1) {
    store_rounded(x, to);
  } else {
    floats_as_words(x).store(to);
  }
}

// 32 of them. Past the caches where they are needed much later.
template <int kParts>
inline void store_saved_pair(Vector low, Vector high, Bf16* to, std::size_t part, bool past_caches) noexcept {
  const auto store = [&](const Words& words, Bf16* at)
                         LSTM_INLINE { past_caches ? words.store_past_caches(at) : words.store(at); };
  if constexpr (kParts == 1) {
    store(Words::round(low, high), to);
  } else {
    store(floats_as_words(low), to);
    store(floats_as_words(high), to + part);
  }
}

}  // namespace
}  // namespace lstm::kernels
