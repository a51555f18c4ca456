// The register tile that every product here is made of: a few rows by up to four vectors of columns.
// Included after one of vector_*.h.
//
// Idea: all accumulators stay in registers over the whole inner dimension; one step loads a row of B (up to
// four vectors) and broadcasts one element of A per row. With 6 x 4 vectors of AVX-512 that is 10 loads for
// 24 multiply-adds, so two FMA ports stay busy while B streams from the second-level cache (256 bytes in 12
// cycles).
#pragma once

#include <cstddef>

#include "kernels/sequence/unroll.h"

namespace lstm::kernels {
namespace {

constexpr int kBlock = Vector::kWidth;
constexpr int kGateColumns = 4 * kBlock;  // i, f, g, o of one unit block
constexpr int kTileRows = Vector::kTileRows;

// Rows of a tile of so many vectors: a narrow one has more, or its few sums would wait for each other.
constexpr int most_rows(int vectors) {
  const int rows = 4 * kTileRows / vectors;
  return rows < 6 ? rows : 6;
}

template <int kRows, int kVectors>
struct Tile {
  Vector sum[kRows][kVectors];

  // body(r, v, sum[r][v]) for all elements
  template <class Body>
  LSTM_INLINE void for_each(Body body) noexcept {
    unroll<kRows>([&](auto r) LSTM_INLINE {
      unroll<kVectors>([&](auto v) LSTM_INLINE { body(int{r}, int{v}, sum[r][v]); });
    });
  }
  LSTM_INLINE void clear() noexcept {
    for_each([](int, int, Vector& element) LSTM_INLINE { element = Vector::all(0.0f); });
  }
  // Element (r, v) is at p + r * row + v * kBlock.
  LSTM_INLINE void load(const float* p, std::size_t row) noexcept {
    for_each([&](int r, int v, Vector& element)
                 LSTM_INLINE { element = Vector::load(p + r * row + v * kBlock); });
  }
  LSTM_INLINE void store(float* p, std::size_t row) noexcept {
    for_each([&](int r, int v, const Vector& element)
                 LSTM_INLINE { element.store(p + r * row + v * kBlock); });
  }
};

// Where each row of A starts.
template <int kRows>
struct Rows {
  const float* start[kRows];

  LSTM_INLINE static Rows strided(const float* p, std::size_t row) noexcept {
    Rows rows;
    unroll<kRows>([&](auto r) LSTM_INLINE { rows.start[r] = p + r * row; });
    return rows;
  }
  LSTM_INLINE Rows operator+(std::size_t step) const noexcept {
    Rows rows;
    unroll<kRows>([&](auto r) LSTM_INLINE { rows.start[r] = start[r] + step; });
    return rows;
  }
};

// sum[r][v] += a.start[r][0] * b[v * kBlock ...]
template <int kRows, int kVectors>
LSTM_INLINE inline void accumulate_one(Tile<kRows, kVectors>& tile, const Rows<kRows>& a, std::size_t at,
                                       const float* b) noexcept {
  if constexpr (kRows < kVectors) {
    Vector broadcast[kRows];
    unroll<kRows>([&](auto r) LSTM_INLINE { broadcast[r] = Vector::all(a.start[r][at]); });
    unroll<kVectors>([&](auto v) LSTM_INLINE {
      const Vector column = Vector::load(b + v * kBlock);
      unroll<kRows>([&](auto r)
                        LSTM_INLINE { tile.sum[r][v] = multiply_add(broadcast[r], column, tile.sum[r][v]); });
    });
  } else {
    Vector columns[kVectors];
    unroll<kVectors>([&](auto v) LSTM_INLINE { columns[v] = Vector::load(b + v * kBlock); });
    unroll<kRows>([&](auto r) LSTM_INLINE {
      const Vector broadcast = Vector::all(a.start[r][at]);
      unroll<kVectors>(
          [&](auto v) LSTM_INLINE { tile.sum[r][v] = multiply_add(broadcast, columns[v], tile.sum[r][v]); });
    });
  }
}

inline void prefetch_to_l2(const float* p) noexcept {
  __builtin_prefetch(p, 0, 2);
}
inline void prefetch(const float* p) noexcept {
  __builtin_prefetch(p, 0, 3);
}
inline void prefetch_to_write(const float* p) noexcept {
  __builtin_prefetch(p, 1, 3);
}

// How often a product fetches a cache line that a later one reads: with each n-th element of K.
enum class Fetch { every = 1, every_second = 2 };

// sum[r][v] += a.start[r][i * a_step] * b[i * kStride * kBlock + v * kBlock ...] for i < k, fetching cache
// lines from `ahead` on into the second-level cache. kStride: vectors of a row of B, of which a narrow tile
// takes some.
template <Fetch kFetch, int kStride, int kRows, int kVectors>
LSTM_INLINE inline void accumulate(Tile<kRows, kVectors>& tile, const Rows<kRows>& a, std::size_t a_step,
                                   const float* b, int k, const float* ahead) noexcept {
  constexpr int kStep = kFetch == Fetch::every_second ? 2 : 1;
  constexpr std::size_t kColumns = kStride * kBlock;
  int i = 0;
  for (; i + kStep <= k; i += kStep) {
    prefetch_to_l2(ahead);
    unroll<kStep>([&](auto j) LSTM_INLINE {
      accumulate_one(tile, a, static_cast<std::size_t>(i + j) * a_step, b + j * kColumns);
    });
    ahead += 16;
    b += kStep * kColumns;
  }
  if (kStep == 2 && i < k) accumulate_one(tile, a, static_cast<std::size_t>(i) * a_step, b);
}

// Calls body.template operator()<R>(first) for tiles of R rows that cover `rows`: as few as possible, of
// nearly equal height, so that none is left with a single row.
template <int kMost = kTileRows, class Body>
inline void for_row_tiles(int rows, Body body) noexcept {
  const int tiles = (rows + kMost - 1) / kMost;
  int first = 0;
  for (int i = 0; i < tiles; ++i) {
    const int height = (rows - first + tiles - i - 1) / (tiles - i);
    switch (height) {
      case 1:
        body.template operator()<1>(first);
        break;
      case 2:
        body.template operator()<2>(first);
        break;
      case 3:
        if constexpr (kMost >= 3) body.template operator()<3>(first);
        break;
      case 4:
        if constexpr (kMost >= 4) body.template operator()<4>(first);
        break;
      case 5:
        if constexpr (kMost >= 5) body.template operator()<5>(first);
        break;
      case 6:
        if constexpr (kMost >= 6) body.template operator()<6>(first);
        break;
      default:
        break;
    }
    first += height;
  }
}

// Calls body.template operator()<V>() for `vectors` = 1..4.
template <class Body>
inline void for_width(int vectors, Body body) noexcept {
  switch (vectors) {
    case 1:
      body.template operator()<1>();
      break;
    case 2:
      body.template operator()<2>();
      break;
    case 3:
      body.template operator()<3>();
      break;
    default:
      body.template operator()<4>();
      break;
  }
}

}  // namespace
}  // namespace lstm::kernels
