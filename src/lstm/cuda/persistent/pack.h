// R of one direction as the blocks of a group load it: (C, vectors of a block, 32 lanes, 4 words), where the
// vectors of a block are (row block, chunk, 4) of its own and lie at the start of the room for the block that
// owns most.
#pragma once

#include <cstddef>

#include "cuda/persistent/layout.h"
#include "cuda/persistent/product.h"

namespace lstm::cuda::persistent {

// To nearest, ties away from zero, as cvt.rna.tf32 does; a NaN stays one.
LSTM_HOST_DEVICE inline std::uint32_t rounded_to_tf32(float x) {
  if (x != x) return 0x7fffe000U;
  return (bits_of(x) + 0x1000U) & ~0x1fffU;
}

LSTM_HOST_DEVICE inline std::uint32_t bits_of_operand(Arithmetic arithmetic, float x) {
  switch (arithmetic) {
    case Arithmetic::fp32:
      return bits_of(x);
    case Arithmetic::tf32:
      return rounded_to_tf32(x);
    case Arithmetic::bf16:
      return rounded<Bf16>(x).bits;
    case Arithmetic::fp16:
      return rounded<Fp16>(x).bits;
  }
  return 0;
}

enum class Pass { forward, backward };

// Vectors in the room of one block.
LSTM_HOST_DEVICE inline std::size_t block_vectors(const Geometry& geometry, Pass pass) {
  const std::size_t items = pass == Pass::forward
                                ? static_cast<std::size_t>(geometry.most_octets()) * forward_chunks(geometry)
                                : static_cast<std::size_t>((geometry.octets + 3) / 4) *
                                      backward_chunks(geometry, geometry.most_octets());
  return items * 4;
}
LSTM_HOST_DEVICE inline std::size_t packed_bytes(const Geometry& geometry, Pass pass) {
  return geometry.blocks * block_vectors(geometry, pass) * kLanes * 16;
}

// Number `index` of (C, vectors, 32) lanes' 16 bytes, from R (4H, H) with gates i f g o.
LSTM_HOST_DEVICE inline Words packed_words(const Geometry& geometry, Pass pass, const float* R,
                                           std::size_t index) {
  // A GPU divides 64-bit numbers by some hundred instructions; index is far below 2^32.
  const auto vector = static_cast<std::uint32_t>(index / kLanes);
  const auto vectors = static_cast<std::uint32_t>(block_vectors(geometry, pass));
  const int lane = static_cast<int>(index % kLanes);
  const int rank = static_cast<int>(vector / vectors);
  const int of_block = static_cast<int>(vector % vectors);
  const int own = octets_of(geometry, rank).size();
  const int chunks = pass == Pass::forward ? forward_chunks(geometry) : backward_chunks(geometry, own);
  const int row_blocks = pass == Pass::forward ? own : (geometry.octets + 3) / 4;
  const int row_block = of_block / 4 / chunks, chunk = of_block / 4 % chunks;
  Words words = {};
  if (row_block >= row_blocks) return words;
  for (int i = 0; i < 4; ++i) {
    for (int half = 0; half < numbers_per_word(geometry.arithmetic); ++half) {
      const WeightElement at =
          pass == Pass::forward
              ? forward_element(geometry, rank, row_block, chunk, of_block % 4, lane, i, half)
              : backward_element(geometry, rank, row_block, chunk, of_block % 4, lane, i, half);
      float value = 0;
      if (at.row_unit < geometry.units && at.column_unit < geometry.units) {
        value = R[(static_cast<std::size_t>(at.gate) * geometry.units + at.row_unit) * geometry.units +
                  at.column_unit];
      }
      words.v[i] |= bits_of_operand(geometry.arithmetic, value) << (16 * half);
    }
  }
  return words;
}

}  // namespace lstm::cuda::persistent
