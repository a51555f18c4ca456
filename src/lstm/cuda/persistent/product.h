// The product of a step: one item (32 rows x a range of chunks) of one warp, for all samples of the slice.
//
// Whatever the arithmetic, lane 4g + t ends with the sums of row g of each of the four row groups for samples
// 2t and 2t + 1: the layout of accumulators of mma.m16n8 (PTX ISA, "Matrix fragments": row g for c0, c1,
// g + 8 for c2, c3; column 2t + (i % 2)). fp32 multiplies and adds on the ordinary units, since tensor cores
// round fp32 to tf32, and brings its sums into the same layout by shuffles.
//
// `Lane` is the machine: CUDA's (cluster_lane.cuh, grid_lane.cuh), or the emulation of the tests. What a
// kernel asks of it:
//   thread() threads() rank() group()          of the block in its group, of the group in the grid
//   lane_index() warp_index()                  of the warp, of the block
//   load<T>(offset) store<T>(offset, value)    own shared memory
//   load_global<T>(address) store_global<T>(address, value)
//   load_global_if<T>(is_wanted, address, value)   else value keeps what it has
//   row_of(first, row, stride_bytes)           address of a row
//   arrive(value)                              waits for a value that was loaded
//   settle(value)                              worked out in front of the next load_global_if()
//   sync_block()
//   shuffle(value, lane)  mma<A>(c, a, b0, b1)  by all lanes of a warp
//   sigmoid<is_approximate>(x) tanh<...>(x) to_word(x) to_tf32(x) to_pair<T>(low, high)
// and how blocks of a group talk, over two places of an inbox with a barrier each:
//   kHasInbox                                  whether inboxes lie in shared memory
//   kPeerBlocks                                of how many blocks a thread had better keep the Peer
//   open(offset, bytes)                        clears the inbox, meets the other blocks; before any of these:
//   arm(barrier, bytes)                        by one thread: what the barrier's next use waits for
//   peer(rank)                                 how to reach the inbox of a block, behind open()
//   send_if(is_wanted, peer, offset, words, barrier)   16 bytes into it
//   commit(barrier)                            by all threads, behind their sends of one use
//   wait(barrier, use)                         by all threads: until everything of its use 0, 1, ... is here
//   load_inbox<T>(offset)
//   close()                                    no block leaves before all are here
#pragma once

#include <type_traits>

#include "cuda/math/numbers.h"
#include "cuda/persistent/layout.h"

namespace lstm::cuda::persistent {

// 16 bytes: one access of shared memory.
struct alignas(16) Words {
  std::uint32_t v[4];
};
struct alignas(16) Floats {
  float v[4];
};
struct alignas(8) PairOfWords {
  std::uint32_t v[2];
};

// What y and gates are stored as.
template <Arithmetic arithmetic>
using StoredAs = std::conditional_t<arithmetic == Arithmetic::bf16, Bf16,
                                    std::conditional_t<arithmetic == Arithmetic::fp16, Fp16, float>>;

// One item of a warp, as one of its lanes sees it: what does not change from step to step.
struct Item {
  int stored_chunks = 0;  // weights in shared memory, behind those in registers
  int stored = 0;         // where they lie
  int operand = 0;        // where this lane's words of the first chunk lie, from where operand B starts
  int last_resident = 0;  // from there to those of the last chunk in registers
  int first_stored = 0;   // and to those of the first chunk in shared memory
  int stride = 0;         // from one chunk to the next
};

// From the first chunk in registers to the i-th, or to the last one.
LSTM_DEVICE int resident_offset(const Item& item, int i) {
  return i * item.stride < item.last_resident ? i * item.stride : item.last_resident;
}

// Operand B (samples) lies in the inbox (forward: h) or in own memory (backward).
template <class Lane, bool from_inbox, class T>
LSTM_DEVICE T load_operand(Lane& lane, int offset) {
  if constexpr (from_inbox) {
    return lane.template load_inbox<T>(offset);
  } else {
    return lane.template load<T>(offset);
  }
}

// The first chunks of a warp's item, which stay in its registers for the whole launch. Vector is Words or
// Floats.
template <class Vector, int most>
struct ResidentWeights {
  Vector chunk[most > 0 ? most : 1][4];

  // `image` is the item's first chunk in global memory.
  template <class Lane>
  LSTM_DEVICE void load(Lane& lane, const Words* image, int count) {
    LSTM_UNROLL
    for (int i = 0; i < most; ++i) {
      LSTM_UNROLL
      for (int v = 0; v < 4; ++v) {
        if (i < count) {
          chunk[i][v] = lane.template load_global<Vector>(image + (i * 4 + v) * kLanes + lane.lane_index());
        }
      }
    }
  }

  template <class Lane>
  LSTM_DEVICE void arrive(Lane& lane) {
    LSTM_UNROLL
    for (int i = 0; i < most; ++i) {
      LSTM_UNROLL
      for (int v = 0; v < 4; ++v) {
        LSTM_UNROLL
        for (int e = 0; e < 4; ++e) lane.arrive(chunk[i][v].v[e]);
      }
    }
  }
};

template <class Vector, class Lane>
LSTM_DEVICE void load_stored(Lane& lane, int offset, Vector (&weights)[4]) {
  LSTM_UNROLL
  for (int v = 0; v < 4; ++v) {
    weights[v] = lane.template load<Vector>(offset + (v * kLanes + lane.lane_index()) * 16);
  }
}

// Sums of a lane: (group, sample).
struct Sums {
  float at[4][2];
};

// Tensor cores.
template <class Lane, Arithmetic arithmetic, int most_warps>
struct MatrixProduct {
  static constexpr Arithmetic kArithmetic = arithmetic;
  static constexpr bool kHasFewWarps = most_warps == kFewWarps;
  using Stored = StoredAs<arithmetic>;
  static constexpr int kResident = resident_chunks(arithmetic, kMostSlice, most_warps);
  using Weights = ResidentWeights<Words, kResident>;

  // Where this lane's words of operand B lie: sample lane / 4. Samples that the slice does not have: their
  // columns of the result are used by nobody.
  static LSTM_DEVICE int operand_offset(const Geometry& geometry, int chunk, int id) {
    const int sample = id / 4 < geometry.rows ? id / 4 : geometry.rows - 1;
    return operand_place(geometry, chunk * kChunkWords + 4 * (id % 4), sample);
  }

  template <bool from_inbox>
  static LSTM_DEVICE void run(Lane& lane, const Weights& weights, const Item& item, int offset, Sums& sums) {
    // Two steps x two tiles of rows: independent chains, since one instruction waits long for the one before.
    float c[2][2][4] = {};
    // No branch for each: chunks that the item does not have are zeros in registers, times its first one.
    Words b[kResident];
    LSTM_UNROLL
    for (int i = 0; i < kResident; ++i) {
      b[i] = load_operand<Lane, from_inbox, Words>(lane, offset + item.operand + resident_offset(item, i));
    }
    LSTM_UNROLL
    for (int i = 0; i < kResident; ++i) multiply(lane, weights.chunk[i], b[i], c);
    LSTM_NO_UNROLL
    for (int i = 0; i < item.stored_chunks; ++i) {
      Words stored[4];
      load_stored(lane, item.stored + i * kChunkBytes, stored);
      multiply(lane, stored,
               load_operand<Lane, from_inbox, Words>(
                   lane, offset + item.operand + item.first_stored + i * item.stride),
               c);
    }
    LSTM_UNROLL
    for (int i = 0; i < 8; ++i) {
      const int m = i / 4, reg = i % 4;
      sums.at[2 * m + reg / 2][reg % 2] = c[0][m][reg] + c[1][m][reg];
    }
  }

 private:
  static LSTM_DEVICE void multiply(Lane& lane, const Words (&weights)[4], const Words& b,
                                   float (&c)[2][2][4]) {
    LSTM_UNROLL
    for (int step = 0; step < 2; ++step) {
      LSTM_UNROLL
      for (int m = 0; m < 2; ++m) {
        lane.template mma<arithmetic>(c[step][m], weights[2 * step + m].v, b.v[2 * step], b.v[2 * step + 1]);
      }
    }
  }
};

// Multiply-adds for slices of up to `samples`, 4 or 8.
template <class Lane, int samples, int most_warps>
struct ScalarProduct {
  static constexpr Arithmetic kArithmetic = Arithmetic::fp32;
  static constexpr bool kHasFewWarps = most_warps == kFewWarps;
  using Stored = float;
  static constexpr int kResident = resident_chunks(Arithmetic::fp32, samples, most_warps);
  using Weights = ResidentWeights<Floats, kResident>;

  // Of sample 0; each lane reads all samples.
  static LSTM_DEVICE int operand_offset(const Geometry& geometry, int chunk, int id) {
    return operand_place(geometry, chunk * kChunkWords + 4 * (id % 4), 0);
  }

  template <bool from_inbox>
  static LSTM_DEVICE void run(Lane& lane, const Weights& weights, const Item& item, int offset, Sums& sums) {
    float c[4][samples] = {};
    LSTM_UNROLL
    for (int i = 0; i < kResident; ++i) {
      multiply<from_inbox>(lane, weights.chunk[i], offset + item.operand + resident_offset(item, i), c);
    }
    LSTM_NO_UNROLL
    for (int i = 0; i < item.stored_chunks; ++i) {
      Floats stored[4];
      load_stored(lane, item.stored + i * kChunkBytes, stored);
      multiply<from_inbox>(lane, stored, offset + item.operand + item.first_stored + i * item.stride, c);
    }
    add_over_lanes(lane, c, sums.at);
  }

 private:
  // The slice has as many samples, or room for them.
  template <bool from_inbox>
  static LSTM_DEVICE void multiply(Lane& lane, const Floats (&weights)[4], int offset,
                                   float (&c)[4][samples]) {
    LSTM_UNROLL
    for (int s = 0; s < samples; ++s) {
      const Floats b = load_operand<Lane, from_inbox, Floats>(lane, offset + s * 16);
      LSTM_UNROLL
      for (int v = 0; v < 4; ++v) {
        LSTM_UNROLL
        for (int r = 0; r < 4; ++r) c[r][s] += weights[v].v[r] * b.v[v];
      }
    }
  }

  // The four lanes of a row hold sums over different words: t ends with the whole sums of samples 2t and 2t
  // + 1.
  static LSTM_DEVICE void add_over_lanes(Lane& lane, const float (&c)[4][samples], float (&sums)[4][2]) {
    const int id = lane.lane_index();
    const bool is_high = (id & 2) != 0;
    const bool is_odd = (id & 1) != 0;
    LSTM_UNROLL
    for (int r = 0; r < 4; ++r) {
      float half[4];
      LSTM_UNROLL
      for (int s = 0; s < 4; ++s) {
        if constexpr (samples == 8) {
          const float give = is_high ? c[r][s] : c[r][s + 4];
          half[s] = (is_high ? c[r][s + 4] : c[r][s]) + lane.shuffle(give, id ^ 2);
        } else {
          half[s] = c[r][s] + lane.shuffle(c[r][s], id ^ 2);
        }
      }
      LSTM_UNROLL
      for (int e = 0; e < 2; ++e) {
        const float give = is_odd ? half[e] : half[e + 2];
        sums[r][e] = (is_odd ? half[e + 2] : half[e]) + lane.shuffle(give, id ^ 1);
      }
    }
  }
};

// Item `index` of the block's product, whose weights in shared memory start at `stored`. Divisions take
// longer than the matrix instructions of an item: the first one of a warp is worked out in front of the first
// step.
template <class Product, class Lane>
LSTM_DEVICE Item item_at(Lane& lane, const Geometry& geometry, const ProductShape& shape, int index,
                         int stored) {
  const Span chunks = shape.chunks_of(index % shape.parts);
  const int resident = shape.resident(index, Product::kResident);
  Item item;
  item.stored_chunks = chunks.size() - resident;
  item.stored = stored;
  item.operand = Product::operand_offset(geometry, chunks.first, lane.lane_index());
  item.stride = operand_stride(geometry);
  item.first_stored = resident * item.stride;
  item.last_resident = (resident > 0 ? resident - 1 : 0) * item.stride;
  return item;
}
// One that is not a warp's first: then no weights are in registers.
template <class Product, class Lane>
LSTM_DEVICE Item later_item_at(Lane& lane, const Geometry& geometry, const ProductShape& shape, int offset,
                               int index) {
  return item_at<Product>(lane, geometry, shape, index,
                          offset + shape.stored_before(index, Product::kResident) * kChunkBytes);
}

// Copies the chunks of every item that no warp keeps in registers into shared memory, and this warp's into
// its registers. `image` is the block's, (row block, chunk, vector, lane, 4 words). Returns where the weights
// of this warp's first item in shared memory start.
template <class Product, class Lane>
LSTM_DEVICE int load_weights(Lane& lane, const Words* image, const ProductShape& shape, int offset,
                             typename Product::Weights& resident) {
  constexpr int vectors = kChunkBytes / 16;
  const int warp = lane.warp_index();
  int own = offset, to = offset, part = 0, row_block = 0;
  LSTM_NO_UNROLL
  for (int item = 0; item < shape.items(); ++item) {
    const Span chunks = shape.chunks_of(part);
    const int kept = shape.resident_of(chunks, Product::kResident);
    const Words* from = image + (row_block * shape.chunks + chunks.first) * vectors;
    if (item == warp) {
      resident.load(lane, from, kept);
      own = to;
    }
    for (int i = lane.thread(); i < (chunks.size() - kept) * vectors; i += lane.threads()) {
      lane.store(to + i * 16, lane.template load_global<Words>(from + kept * vectors + i));
    }
    to += (chunks.size() - kept) * kChunkBytes;
    if (++part == shape.parts) {
      part = 0;
      ++row_block;
    }
  }
  resident.arrive(lane);
  return own;
}

}  // namespace lstm::cuda::persistent
