// The blocked matrix product, written once over Vector (simd/vector_avx2.h or vector_avx512.h, included
// before).
//
// As in BLIS (Van Zee and van de Geijn, 2015): a block of B (kBlockDepth x kBlockColumns) is packed to stay
// in L2, a block of A (kBlockRows x kBlockDepth) next to it; the innermost tile keeps up to kTileRows x 2
// vectors of C in registers, streams its panel of A from L2 and its panel of B from L1, and is bound by the
// FMA units. Where A is a single block (the rows of one time step), each panel of B is multiplied as soon as
// it is packed, while it lies in L1. Rows are shared out evenly among tiles (32 rows: 11, 11, 10 instead of
// 14, 14, 4). Every element of C is one chain of multiply-adds over k, cut only where the blocks of k end:
// how m and n are split changes no bit.
#pragma once

#include "kernels/gemm/gemm.h"
#include "kernels/gemm/gemm_block_sizes.h"

namespace lstm::kernels {
namespace {

// AVX2, 16 registers: 6 rows x 2 vectors of C, 2 of B, 1 broadcast element of A. AVX-512, 32 registers: 14 x
// 2 of C, 2 of B; elements of A are broadcast by the multiply-add.
constexpr int kTileRows = Vector::kLanes == 16 ? 14 : 6, kTileVectors = 2;
constexpr long kTileColumns = kTileVectors * Vector::kLanes;
static_assert(kPackedColumns % kTileColumns == 0);
static_assert(kTileRows <= Vector::kLanes && Vector::kLanes <= kOverrun);

constexpr long divide_up(long a, long b) {
  return (a + b - 1) / b;
}
constexpr long smaller_of(long a, long b) {
  return a < b ? a : b;
}

// Where the elements of a matrix lie: `along` between values of k, `across` between rows of op(A) or columns
// of op(B).
struct Source {
  const float* data;
  long across, along;  // one of them is 1
};

// Packs `count` <= kLanes rows of op(A) or columns of op(B) over `depth` values of k, whole vectors at panel,
// panel + stride, ... What lies behind the count-th is overwritten by the next vector, or read by nobody:
// masked stores take longer on some CPUs.
void pack_vectors(const Source& source, long count, long stride, long depth, float* panel) {
  constexpr long kLanes = Vector::kLanes;
  if (source.across == 1) {
    const Vector::Mask present = Vector::first(count);
    for (long k = 0; k < depth; ++k)
      Vector::load(source.data + k * source.along, present).store(panel + k * stride);
    return;
  }
  const float* from[kLanes];
  for (long i = 0; i < kLanes; ++i) from[i] = source.data + smaller_of(i, count - 1) * source.across;
  Vector rows[kLanes];
  long k = 0;
  for (; k + kLanes <= depth; k += kLanes) {
#pragma GCC unroll 16
    for (long i = 0; i < kLanes; ++i) rows[i] = Vector::load(from[i] + k);
    transpose(rows);
#pragma GCC unroll 16
    for (long i = 0; i < kLanes; ++i) rows[i].store(panel + (k + i) * stride);
  }
  const Vector::Mask columns = Vector::first(depth - k);
#pragma GCC unroll 16
  for (long i = 0; i < kLanes; ++i) rows[i] = Vector::load(from[i] + k, columns);
  transpose(rows);
  for (long i = 0; k + i < depth; ++i) rows[i].store(panel + (k + i) * stride);
}

struct Tile {
  long depth;
  const float* a;  // (depth, kRows)
  const float* b;  // (depth, kTileColumns)
  float* c;
  long ldc;
  bool whole;                 // all columns of the vectors
  Vector::Mask last_columns;  // else: of the last vector of each row
  float beta;
};

// sums[i][j] += a[i] * b[j]
template <int kRows, int kVectors>
[[gnu::always_inline]] inline void accumulate_one(Vector (&sums)[kRows][kVectors], const float* a,
                                                  const float* b) {
  Vector columns[kVectors];
#pragma GCC unroll 2
  for (int j = 0; j < kVectors; ++j) columns[j] = Vector::load(b + j * Vector::kLanes);
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
    const Vector row = Vector::broadcast(a[i]);
#pragma GCC unroll 2
    for (int j = 0; j < kVectors; ++j) sums[i][j] = multiply_add(row, columns[j], sums[i][j]);
  }
}

// Not inlined, and two steps in one turn of the loop: else GCC 12 keeps some of the AVX2 tile's sums in
// memory, and each step waits for them.
template <int kRows, int kVectors>
[[gnu::noinline]] void multiply_tile(const Tile& tile) {
  constexpr int kLanes = Vector::kLanes;
  Vector sums[kRows][kVectors];
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
    prefetch(tile.c + i * tile.ldc);
    if constexpr (kVectors * kLanes > 16) prefetch(tile.c + i * tile.ldc + kLanes);
#pragma GCC unroll 2
    for (int j = 0; j < kVectors; ++j) sums[i][j] = Vector::zero();
  }
  const float* a = tile.a;
  const float* b = tile.b;
  long k = tile.depth;
  for (; k >= 2; k -= 2, a += 2 * kRows, b += 2 * kTileColumns) {
    accumulate_one(sums, a, b);
    accumulate_one(sums, a + kRows, b + kTileColumns);
  }
  if (k > 0) accumulate_one(sums, a, b);
  const Vector beta = Vector::broadcast(tile.beta);
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
    float* c = tile.c + i * tile.ldc;
#pragma GCC unroll 2
    for (int j = 0; j < kVectors; ++j) {
      Vector result = sums[i][j];
      if (j + 1 < kVectors || tile.whole) {
        if (tile.beta != 0.0f) result = multiply_add(beta, Vector::load(c + j * kLanes), result);
        result.store(c + j * kLanes);
      } else {
        if (tile.beta != 0.0f)
          result = multiply_add(beta, Vector::load(c + j * kLanes, tile.last_columns), result);
        result.store(c + j * kLanes, tile.last_columns);
      }
    }
  }
}

// The tile with that many rows and vectors, as a function of the numbers at run time.
template <int kRows = kTileRows>
void multiply_tile(int rows, int vectors, const Tile& tile) {
  if (rows != kRows) {
    if constexpr (kRows > 1) multiply_tile<kRows - 1>(rows, vectors, tile);
  } else if (vectors == 1) {
    multiply_tile<kRows, 1>(tile);
  } else {
    multiply_tile<kRows, 2>(tile);
  }
}

// The i-th of `parts` nearly equal parts of 0..size starts here.
long part_start(long size, long parts, long i) {
  return size * i / parts;
}

// Panels of kTileColumns columns of B: that of column j begins at j * height.
struct Panels {
  const float* data;
  long height;
};

// C (rows, columns) = beta * C + packed A * packed B.
//
// One panel stays in L1 and those of the other operand come from L2: the panel of B stays, as the larger one.
// Where the depth is small, C is most of what moves, and its rows are walked along for the prefetcher's sake.
void multiply_blocks(const float* a, const Panels& b, long rows, long columns, long depth, float beta,
                     float* c, long ldc) {
  const long panels = divide_up(rows, kTileRows);
  const auto multiply = [&](long panel, long j) {
    const long width = smaller_of(columns - j, kTileColumns);
    const long vectors = divide_up(width, Vector::kLanes);
    const long i = part_start(rows, panels, panel);
    const long height = part_start(rows, panels, panel + 1) - i;
    const Tile tile{depth,
                    a + i * depth,
                    b.data + j * b.height,
                    c + i * ldc + j,
                    ldc,
                    width == vectors * Vector::kLanes,
                    Vector::first(width - (vectors - 1) * Vector::kLanes),
                    beta};
    multiply_tile(static_cast<int>(height), static_cast<int>(vectors), tile);
  };
  constexpr long kSmallDepth = 64;
  if (depth <= kSmallDepth) {
    for (long panel = 0; panel < panels; ++panel)
      for (long j = 0; j < columns; j += kTileColumns) multiply(panel, j);
  } else {
    for (long j = 0; j < columns; j += kTileColumns)
      for (long panel = 0; panel < panels; ++panel) multiply(panel, j);
  }
}

// Packs rows i..i + rows of op(A), k..k + depth, in panels of nearly equal heights.
void pack_rows(const Source& a, long i, long rows, long k, long depth, float* packed) {
  const long panels = divide_up(rows, kTileRows);
  for (long panel = 0; panel < panels; ++panel) {
    const long ii = part_start(rows, panels, panel);
    const long height = part_start(rows, panels, panel + 1) - ii;
    const Source part{a.data + (i + ii) * a.across + k * a.along, a.across, a.along};
    pack_vectors(part, height, height, depth, packed + ii * depth);
  }
}

Source b_of(const GemmProblem& p) {
  const long ldb = p.ldb;
  return {p.b, p.transpose_b ? ldb : 1, p.transpose_b ? 1 : ldb};
}

// Packs columns j..j + columns of op(B), k..k + depth, in panels of kTileColumns.
void pack_columns(const Source& b, long j, long columns, long k, long depth, float* packed) {
  for (long jj = 0; jj < columns; jj += Vector::kLanes) {
    const Source part{b.data + (j + jj) * b.across + k * b.along, b.across, b.along};
    float* const panel = packed + jj / kTileColumns * kTileColumns * depth + jj % kTileColumns;
    pack_vectors(part, smaller_of(columns - jj, Vector::kLanes), kTileColumns, depth, panel);
  }
}

void gemm_blocked(const GemmProblem& p, float* scratch) noexcept {
  const long lda = p.lda, ldc = p.ldc;
  const Source a{p.a, p.transpose_a ? 1 : lda, p.transpose_a ? lda : 1};
  const Source b = b_of(p);
  float* const packed_a = scratch;
  float* const packed_b = packed_a + kBlockRows * kBlockDepth + kOverrun;
  const long depth_blocks = p.k == 0 ? 1 : divide_up(p.k, kBlockDepth);
  const long row_blocks = divide_up(p.m, kBlockRows);
  const bool is_packed = p.packed_b != nullptr;
  const long block_columns = is_packed ? p.n : row_blocks == 1 ? kTileColumns : kBlockColumns;

  for (long d = 0; d < depth_blocks; ++d) {
    const long k = part_start(p.k, depth_blocks, d);
    const long depth = part_start(p.k, depth_blocks, d + 1) - k;
    for (long j = 0; j < p.n; j += block_columns) {
      const long columns = smaller_of(p.n - j, block_columns);
      if (!is_packed) pack_columns(b, j, columns, k, depth, packed_b);
      const Panels panels = is_packed ? Panels{p.packed_b + k * kTileColumns, p.k} : Panels{packed_b, depth};
      for (long block = 0; block < row_blocks; ++block) {
        const long i = part_start(p.m, row_blocks, block);
        const long rows = part_start(p.m, row_blocks, block + 1) - i;
        if (j == 0 || row_blocks > 1) pack_rows(a, i, rows, k, depth, packed_a);
        multiply_blocks(packed_a, panels, rows, columns, depth, d == 0 ? p.beta : 1.0f, p.c + i * ldc + j,
                        ldc);
      }
    }
  }
}

void pack_b_blocked(const GemmProblem& p, float* packed_b) noexcept {
  pack_columns(b_of(p), 0, p.n, 0, p.k, packed_b);
}

}  // namespace
}  // namespace lstm::kernels
