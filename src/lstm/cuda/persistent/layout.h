// Who owns what, and where each number lies: the index functions that the kernels, the packing of weights,
// the plan and the emulation share. Pure functions of the geometry.
//
// Units go in octets of 8, the last one padded with units whose weights are zero (their h stays 0). A group
// of C blocks runs one slice of the batch in one direction; block `rank` owns a contiguous range of octets,
// all four gates of their units.
#pragma once

#include <cstdint>

#include "cuda/persistent/qualifiers.h"

namespace lstm::cuda::persistent {

inline constexpr int kOctet = 8;        // units
inline constexpr int kLanes = 32;       // of a warp
inline constexpr int kRows = 32;        // of a row block: 4 groups of 8
inline constexpr int kChunkWords = 16;  // of the inner dimension: 16 bytes of each of the 4 lanes of a row
inline constexpr int kMostSlice = 8;    // samples of a slice: the columns of a matrix instruction
inline constexpr int kChunkBytes = kRows * kChunkWords * 4;

// How the recurrent product is computed. A word is 32 bits of the inner dimension: one number, or two of 16
// bits.
enum class Arithmetic { fp32, tf32, bf16, fp16 };

LSTM_HOST_DEVICE inline constexpr int numbers_per_word(Arithmetic arithmetic) {
  return arithmetic == Arithmetic::bf16 || arithmetic == Arithmetic::fp16 ? 2 : 1;
}

// Kernels are built for two sizes of blocks: with fewer warps each thread has more registers for weights.
inline constexpr int kMostWarps = 16, kFewWarps = 12;

// Chunks of its item that a warp keeps in registers, 16 of a thread's 128 each (168 with few warps): with
// more, others would spill. Multiply-adds for 8 samples need theirs for sums.
LSTM_HOST_DEVICE inline constexpr int resident_chunks(Arithmetic arithmetic, int slice, int most_warps) {
  const bool has_few = most_warps == kFewWarps;
  if (arithmetic == Arithmetic::fp32) return slice > 4 ? (has_few ? 2 : 0) : (has_few ? 4 : 2);
  if (arithmetic == Arithmetic::tf32) return has_few ? 5 : 3;
  return has_few ? 5 : 3;
}

// What a launch is built for.
struct Geometry {
  Arithmetic arithmetic = Arithmetic::fp32;
  int units = 0;       // H
  int octets = 0;      // O = ceil(H / 8)
  int blocks = 0;      // C, of a group
  int directions = 1;  // D
  int slice = 0;       // samples that a group has at most
  int slices = 0;      // groups of a direction
  int rows = 0;        // slice, rounded up to a multiple of 4

  LSTM_HOST_DEVICE int padded_units() const { return octets * kOctet; }  // Hp
  LSTM_HOST_DEVICE int groups() const { return directions * slices; }
  LSTM_HOST_DEVICE int quads() const { return rows / 4; }  // of samples
  // Octets of the block that has most.
  LSTM_HOST_DEVICE int most_octets() const { return (octets + blocks - 1) / blocks; }
};

// A half-open range.
struct Span {
  int first = 0, last = 0;
  LSTM_HOST_DEVICE int size() const { return last - first; }
};

LSTM_HOST_DEVICE inline Span octets_of(const Geometry& geometry, int rank) {
  return {geometry.octets * rank / geometry.blocks, geometry.octets * (rank + 1) / geometry.blocks};
}
LSTM_HOST_DEVICE inline int owner_of(const Geometry& geometry, int octet) {
  return ((octet + 1) * geometry.blocks - 1) / geometry.octets;
}

// The product of one block and step: row blocks (32 rows) x chunks (16 words), cut into `parts` along the
// inner dimension. Item i is row block i / parts, part i % parts; warp w takes items w, w + warps, ...
struct ProductShape {
  int row_blocks = 0, chunks = 0, parts = 1, warps = 1;

  LSTM_HOST_DEVICE int items() const { return row_blocks * parts; }
  LSTM_HOST_DEVICE Span chunks_of(int part) const {
    return {chunks * part / parts, chunks * (part + 1) / parts};
  }
  // Chunks that warps keep in registers: only where each warp has one item at most.
  LSTM_HOST_DEVICE bool keeps_some() const { return items() <= warps; }
  LSTM_HOST_DEVICE int resident_of(Span of_item, int most) const {
    if (!keeps_some()) return 0;
    return of_item.size() < most ? of_item.size() : most;
  }
  LSTM_HOST_DEVICE int resident(int item, int most) const {
    return resident_of(chunks_of(item % parts), most);
  }
  // Chunks in shared memory in front of those of an item.
  LSTM_HOST_DEVICE int stored_before(int item, int most_resident) const {
    int stored = item / parts * chunks + chunks * (item % parts) / parts;
    if (keeps_some()) {
      for (int i = 0; i < item; ++i) stored -= resident(i, most_resident);
    }
    return stored;
  }
};

// Words of h that a step multiplies, in chunks; and of a block's own gradients of gates.
LSTM_HOST_DEVICE inline int forward_chunks(const Geometry& geometry) {
  const int words = geometry.padded_units() / numbers_per_word(geometry.arithmetic);
  return (words + kChunkWords - 1) / kChunkWords;
}
LSTM_HOST_DEVICE inline int backward_chunks(const Geometry& geometry, int own_octets) {
  return own_octets * (4 * kOctet / numbers_per_word(geometry.arithmetic) / kChunkWords);
}

// Forward: a row block is one octet, its group r of rows gate r; the inner dimension is h of all units.
// Backward: a row block is four octets of dh, group r octet r; the inner dimension is the block's own gates.
LSTM_HOST_DEVICE inline ProductShape forward_product(const Geometry& geometry, int own_octets, int parts,
                                                     int warps) {
  return {own_octets, forward_chunks(geometry), parts, warps};
}
LSTM_HOST_DEVICE inline ProductShape backward_product(const Geometry& geometry, int own_octets, int warps) {
  return {(geometry.octets + 3) / 4, backward_chunks(geometry, own_octets), 1, warps};
}

// Weights of a row block and chunk lie as lanes load them: four vectors v of (32 lanes, 4 words). Lane = 4g +
// t. Word i of vector v belongs to row g of group `group`, and to word `word` of the chunk.
//   matrix instructions: vector v is register file A of tile (step j = v / 2, rows m = v % 2). PTX ISA,
//   "Matrix fragments for mma.m16n8k16 / mma.m16n8k8": register i is row g + 8 (i % 2), 32-bit column t + 4
//   (i / 2). The order of the inner dimension is free as long as both operands agree: column t + 4e of step j
//   is word 4t + 2j + e, so that the words of operand B that a lane needs are the 16 bytes at word 4t.
//   multiply-adds: word i is group i, vector v is word 4t + v.
struct WeightPlace {
  int group, word;
};
LSTM_HOST_DEVICE inline WeightPlace weight_place(Arithmetic arithmetic, int vector, int lane, int i) {
  const int t = lane % 4;
  if (arithmetic == Arithmetic::fp32) return {i, 4 * t + vector};
  return {2 * (vector % 2) + i % 2, 4 * t + 2 * (vector / 2) + i / 2};
}

// One element of R, by gate and unit (row) and unit of h (column); row and column may lie in the padding.
struct WeightElement {
  int gate, row_unit, column_unit;
};
// The element that is number `half` (0, or 0 and 1 of 16 bits) of word i of a vector of a block's image.
LSTM_HOST_DEVICE inline WeightElement forward_element(const Geometry& geometry, int rank, int row_block,
                                                      int chunk, int vector, int lane, int i, int half) {
  const WeightPlace place = weight_place(geometry.arithmetic, vector, lane, i);
  const int word = chunk * kChunkWords + place.word;
  const int octet = octets_of(geometry, rank).first + row_block;
  return {place.group, octet * kOctet + lane / 4, word * numbers_per_word(geometry.arithmetic) + half};
}
LSTM_HOST_DEVICE inline WeightElement backward_element(const Geometry& geometry, int rank, int row_block,
                                                       int chunk, int vector, int lane, int i, int half) {
  const WeightPlace place = weight_place(geometry.arithmetic, vector, lane, i);
  const int own_gate =
      (chunk * kChunkWords + place.word) * numbers_per_word(geometry.arithmetic) + half;  // 4 unit + gate
  const int unit = octets_of(geometry, rank).first * kOctet + own_gate / 4;
  return {own_gate % 4, unit, (row_block * 4 + place.group) * kOctet + lane / 4};
}

// Operand B of a product, samples x words: cells of 16 bytes, 4 words of one sample, with those of all
// samples side by side, so that what a warp sends of an octet is contiguous. From one 4 words to the next
// there are 2 more cells than samples: the 2 samples x 4 cells that a quarter of a warp reads at once lie in
// different banks.
LSTM_HOST_DEVICE inline int operand_cells(const Geometry& geometry) {
  return geometry.rows + 2;
}
LSTM_HOST_DEVICE inline int operand_place(const Geometry& geometry, int word, int sample) {
  return (word / 4 * operand_cells(geometry) + sample) * 16 + word % 4 * 4;
}
// From one chunk to the next.
LSTM_HOST_DEVICE inline int operand_stride(const Geometry& geometry) {
  return kChunkWords / 4 * operand_cells(geometry) * 16;
}
LSTM_HOST_DEVICE inline int operand_bytes(const Geometry& geometry, int chunks) {
  return chunks * operand_stride(geometry);
}

// The unit and sample whose cell a thread computes: 8 lanes an octet of one sample, 4 samples a warp; the
// first threads of a block have one each. Threads and pairs are multiples of 32, so a warp has 32 or none.
struct Pair {
  int own_octet, sample, octet_unit;
};
LSTM_HOST_DEVICE inline int pairs_of(const Geometry& geometry, int own_octets) {
  return own_octets * geometry.rows * kOctet;
}
LSTM_HOST_DEVICE inline Pair pair_at(const Geometry& geometry, int thread) {
  return {thread / (kOctet * geometry.rows), thread / kOctet % geometry.rows, thread % kOctet};
}

// Partial sums: four gates of a unit (16 bytes), 9 places a sample where 8 would do, so that neither the
// lanes that write (units x every other sample) nor those that read (units, then samples) meet in a bank.
inline constexpr int kSumsOfSample = 9 * 16;
LSTM_HOST_DEVICE inline int sums_bytes(const Geometry& geometry, int parts) {
  return parts * geometry.most_octets() * geometry.rows * kSumsOfSample;
}
LSTM_HOST_DEVICE inline int sums_place(const Geometry& geometry, int part, int own_octet, int sample,
                                       int unit) {
  return ((part * geometry.most_octets() + own_octet) * geometry.rows + sample) * kSumsOfSample + unit * 16;
}

// What a block receives each step, twice: steps alternate.
//   forward: h of all units, as operand
//   backward: from each block, for each own octet, its part of dh: quads of samples x 8 units x 4 samples
LSTM_HOST_DEVICE inline int forward_inbox_bytes(const Geometry& geometry) {
  return operand_bytes(geometry, forward_chunks(geometry));
}
LSTM_HOST_DEVICE inline int backward_inbox_bytes(const Geometry& geometry) {
  return geometry.blocks * geometry.most_octets() * geometry.quads() * kOctet * 16;
}
LSTM_HOST_DEVICE inline int backward_inbox_place(const Geometry& geometry, int source, int own_octet,
                                                 int quad, int unit) {
  return (((source * geometry.most_octets() + own_octet) * geometry.quads() + quad) * kOctet + unit) * 16;
}

// Offsets in a block's shared memory: those of the block that owns most, since all blocks of a cluster must
// agree on where an inbox is. Without clusters the inbox lies in global memory and takes no room here.
struct SharedMemory {
  static constexpr int kBarriers = 0;  // two 8-byte barriers
  int weights = 16;
  int inbox = 0;    // two
  int operand = 0;  // backward: two, the gradients of the block's own gates
  int sums = 0;     // forward: two
  int bias = 0;     // forward: (own units, 4)
  int bytes = 0;
};
LSTM_HOST_DEVICE inline SharedMemory forward_memory(const Geometry& geometry, int parts, int warps,
                                                    int most_resident, bool has_inbox) {
  const ProductShape product = forward_product(geometry, geometry.most_octets(), parts, warps);
  SharedMemory memory;
  memory.inbox = memory.weights + product.stored_before(product.items(), most_resident) * kChunkBytes;
  memory.operand = memory.inbox;
  memory.sums = memory.inbox + (has_inbox ? 2 * forward_inbox_bytes(geometry) : 0);
  memory.bias = memory.sums + 2 * sums_bytes(geometry, product.parts);
  memory.bytes = memory.bias + geometry.most_octets() * kOctet * 16;
  return memory;
}
LSTM_HOST_DEVICE inline SharedMemory backward_memory(const Geometry& geometry, int warps, int most_resident,
                                                     bool has_inbox) {
  const ProductShape product = backward_product(geometry, geometry.most_octets(), warps);
  SharedMemory memory;
  memory.inbox = memory.weights + product.stored_before(product.items(), most_resident) * kChunkBytes;
  memory.operand = memory.inbox + (has_inbox ? 2 * backward_inbox_bytes(geometry) : 0);
  memory.sums =
      memory.operand + 2 * operand_bytes(geometry, backward_chunks(geometry, geometry.most_octets()));
  memory.bytes = memory.sums;
  return memory;
}

// Bytes that arrive at a block for one step at which `active` samples of its slice run.
LSTM_HOST_DEVICE inline int forward_arrival(const Geometry& geometry, int active) {
  return active * geometry.padded_units() * 4 / numbers_per_word(geometry.arithmetic);
}
LSTM_HOST_DEVICE inline int backward_arrival(const Geometry& geometry, int own_octets, int active) {
  return geometry.blocks * own_octets * ((active + 3) / 4) * kOctet * 16;
}

}  // namespace lstm::cuda::persistent
