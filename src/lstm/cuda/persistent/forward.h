// One layer pass forward: every step of one slice in one direction, by one block of its group.
//
// A step:
//   1. wait until h of the step before has arrived from every block of the group (at the first it is zero)
//   2. product of the block's own rows of R with h: each warp one octet x a part of the inner dimension;
//      partial sums go to shared memory
//   3. barrier of the block
//   4. thread (unit, sample) adds the parts in their order, computes the cell and sends h: eight lanes bring
//      the 8 units of an octet together and each sends 16 bytes to its share of the blocks
//   5. while h is under way: stores gates, c and y, and fetches what the steps to come need
//
// A warp runs its instructions one behind the other, some 5 clocks each: whatever can be worked out in front
// of the first step or in 5 is.
//
// Why no further barrier is needed. h and sums alternate between two places. A block sends h of step k + 1
// into the place of h of step k - 1 after all of h of step k has arrived there; a peer sent its part of that
// behind barrier 3 of step k, so its warps had read h of step k - 1. Sums of step k + 2 are written behind
// barrier 3 of step k + 1, in front of which step k's were read. The emulation of the tests checks both with
// vector clocks.
#pragma once

#include "cuda/persistent/arguments.h"
#include "cuda/persistent/pack.h"
#include "cuda/persistent/steps.h"

namespace lstm::cuda::persistent {

// To whom a lane sends h: the blocks first, first + stride, ...
template <class Product, class Lane>
class Receivers {
  static constexpr int kPackets = 2 / numbers_per_word(Product::kArithmetic);  // of 16 bytes an octet
  static constexpr int kStride = kOctet / kPackets;
  static constexpr int kPeers = (Lane::kPeerBlocks + kStride - 1) / kStride;

 public:
  LSTM_DEVICE Receivers(Lane& lane, const Geometry& geometry)
      : first_(lane.lane_index() % kOctet / kPackets), blocks_(geometry.blocks) {
    LSTM_UNROLL
    for (int i = 0; i < kPeers; ++i) {
      if (first_ + i * kStride < blocks_) peers_[i] = lane.peer(first_ + i * kStride);
    }
  }

  LSTM_DEVICE void send_if(Lane& lane, bool is_wanted, int place, const Words& words, int barrier) const {
    LSTM_UNROLL
    for (int i = 0; i < kPeers; ++i) {
      lane.send_if(is_wanted && first_ + i * kStride < blocks_, peers_[i], place, words, barrier);
    }
    LSTM_NO_UNROLL
    for (int rank = first_ + kPeers * kStride; rank < blocks_; rank += kStride) {
      lane.send_if(is_wanted, lane.peer(rank), place, words, barrier);
    }
  }

 private:
  typename Lane::Peer peers_[kPeers > 0 ? kPeers : 1];
  int first_, blocks_;
};

// Brings h of an octet together: the 16 bytes of it that this lane sends.
template <class Product, class Lane>
LSTM_DEVICE Words gather_octet(Lane& lane, float h) {
  const int id = lane.lane_index();
  const int first_lane = id & ~(kOctet - 1);
  Words words;
  if constexpr (numbers_per_word(Product::kArithmetic) == 2) {
    const float neighbour = lane.shuffle(h, id ^ 1);
    const bool is_even = id % 2 == 0;
    const std::uint32_t both =
        lane.template to_pair<typename Product::Stored>(is_even ? h : neighbour, is_even ? neighbour : h);
    LSTM_UNROLL
    for (int e = 0; e < 4; ++e) words.v[e] = lane.shuffle(both, first_lane + 2 * e);
  } else {
    const std::uint32_t word = Product::kArithmetic == Arithmetic::tf32 ? lane.to_tf32(h) : lane.to_word(h);
    LSTM_UNROLL
    for (int e = 0; e < 4; ++e) words.v[e] = lane.shuffle(word, first_lane + 4 * (id % 2) + e);
  }
  return words;
}

// Where the sums of an item go: those of this lane's first sample.
template <class Lane>
LSTM_DEVICE int item_sums(Lane& lane, const Geometry& geometry, const ProductShape& shape, int item) {
  const int id = lane.lane_index();
  return sums_place(geometry, item % shape.parts, item / shape.parts, 2 * (id % 4), id / 4);
}
template <class Lane>
LSTM_DEVICE void store_sums(Lane& lane, const Geometry& geometry, const Sums& sums, int offset) {
  const int first_sample = 2 * (lane.lane_index() % 4);
  LSTM_UNROLL
  for (int e = 0; e < 2; ++e) {
    if (first_sample + e >= geometry.rows) continue;
    const Floats gates = {{sums.at[0][e], sums.at[1][e], sums.at[2][e], sums.at[3][e]}};
    lane.store(offset + e * kSumsOfSample, gates);
  }
}

template <class Product, class Lane>
LSTM_DEVICE void forward_block(Lane& lane, const ForwardArguments<typename Product::Stored>& a) {
  using T = typename Product::Stored;
  constexpr bool is_approximate = sizeof(T) == 2;
  constexpr int kUnrolledParts = Product::kHasFewWarps ? 2 : 3;
  const Geometry& geometry = a.geometry;
  const int H = geometry.units;
  const int thread = lane.thread(), warp = lane.warp_index(), warps = lane.threads() / kLanes;
  const Span own = octets_of(geometry, lane.rank());
  const ProductShape shape = forward_product(geometry, own.size(), a.parts, warps);
  const SharedMemory memory = forward_memory(geometry, a.parts, warps, Product::kResident, Lane::kHasInbox);
  const SliceSteps steps(geometry, a.lengths, a.row_starts, lane.group());
  const int d = steps.direction();
  const int inbox_bytes = forward_inbox_bytes(geometry);
  const int sums_size = sums_bytes(geometry, a.parts);

  typename Product::Weights resident = {};
  const int first_stored = load_weights<Product>(
      lane, a.weights[d] + lane.rank() * block_vectors(geometry, Pass::forward) * kLanes, shape,
      memory.weights, resident);
  // In front of open(), which lets the block's threads see it.
  for (int i = thread; i < own.size() * kOctet; i += lane.threads()) {
    const int unit = own.first * kOctet + i;
    Floats bias = {};
    LSTM_UNROLL
    for (int gate = 0; gate < 4 && unit < H; ++gate) {
      bias.v[gate] = lane.template load_global<float>(a.b_W[d] + gate * H + unit) +
                     lane.template load_global<float>(a.b_R[d] + gate * H + unit);
    }
    lane.store(memory.bias + i * 16, bias);
  }
  lane.open(memory.inbox, 2 * inbox_bytes);
  const Receivers<Product, Lane> receivers(lane, geometry);
  const int sample_arrival = forward_arrival(geometry, 1);
  if (thread == 0) {
    for (int k = 0; k < 2 && k + 1 < steps.count(); ++k) {
      lane.arm(k, steps.at(k).active * sample_arrival);
    }
  }

  Item first_item;
  int first_sums = 0;
  if (warp < shape.items()) {
    first_item = item_at<Product>(lane, geometry, shape, warp, first_stored);
    first_sums = item_sums(lane, geometry, shape, warp);
  }
  const bool has_pair = thread < pairs_of(geometry, own.size());
  const Pair pair = pair_at(geometry, thread);
  const int unit = (own.first + pair.own_octet) * kOctet + pair.octet_unit;
  const bool has_unit = has_pair && unit < H;  // else it is of the padding
  const int own_sums = sums_place(geometry, 0, pair.own_octet, pair.sample, pair.octet_unit);
  const int part_bytes = sums_bytes(geometry, 1);
  constexpr int numbers = numbers_per_word(Product::kArithmetic);
  const int own_packet = lane.lane_index() % (2 / numbers);
  const int own_place =
      operand_place(geometry, (own.first + pair.own_octet) * kOctet / numbers + 4 * own_packet, pair.sample);
  const int own_bias = memory.bias + (pair.own_octet * kOctet + pair.octet_unit) * 16;
  const float* const all_sums = a.sums[d] + unit;
  T* const all_gates = a.gates[d] + unit;
  float* const all_c = a.c[d] + unit;
  T* const all_y = a.y[d] + unit;
  const int sums_stride = 4 * H * static_cast<int>(sizeof(float)),
            gates_stride = 4 * H * static_cast<int>(sizeof(T));
  const int c_stride = H * static_cast<int>(sizeof(float)), y_stride = a.y_row * static_cast<int>(sizeof(T));
  const auto load_sums = [&](const Step& of, Floats& sums) {
    const bool is_wanted = has_unit && pair.sample < of.active;
    const float* from = lane.row_of(all_sums, of.row + pair.sample, sums_stride);
    LSTM_UNROLL
    for (int gate = 0; gate < 4; ++gate) {
      lane.template load_global_if<float>(is_wanted, from + gate * H, sums.v[gate]);
    }
  };

  // Loads from global memory are a whole step ahead of their first use.
  Step step = steps.at(0), next = steps.at(1);
  StoredStep after_next = steps.load(2);
  Floats sum = {}, coming = {};
  load_sums(step, coming);
  const auto add_bias = [&] {
    if (!has_pair) return;
    const Floats bias = lane.template load<Floats>(own_bias);
    LSTM_UNROLL
    for (int gate = 0; gate < 4; ++gate) {
      sum.v[gate] = coming.v[gate] + bias.v[gate];
      lane.settle(sum.v[gate]);
    }
  };
  add_bias();
  load_sums(next, coming);
  float c = 0;

  for (int k = 0; k < steps.count(); ++k) {
    const int place = k & 1, place_before = place ^ 1;
    const int sums_offset = memory.sums + place * sums_size;
    const bool is_last = k + 1 == steps.count();
    // At the first step, h of the one before are the zeros that open() leaves: no branch for it.
    if (k > 0) lane.wait(place_before, (k - 1) >> 1);
    if (warp < shape.items()) {
      const int h = place_before * inbox_bytes;
      Sums sums;
      Product::template run<true>(lane, resident, first_item, h, sums);
      store_sums(lane, geometry, sums, sums_offset + first_sums);
      LSTM_NO_UNROLL
      for (int item = warp + shape.warps; item < shape.items(); item += shape.warps) {
        Product::template run<true>(
            lane, resident, later_item_at<Product>(lane, geometry, shape, memory.weights, item), h, sums);
        store_sums(lane, geometry, sums, sums_offset + item_sums(lane, geometry, shape, item));
      }
    }
    lane.sync_block();

    float h = 0;
    const bool is_active = has_pair && pair.sample < step.active;
    if (has_pair) {
      const int from = sums_offset + own_sums;
      Floats parts[kUnrolledParts] = {};
      LSTM_UNROLL
      for (int part = 0; part < kUnrolledParts; ++part) {
        if (part == 0 || part < a.parts) parts[part] = lane.template load<Floats>(from + part * part_bytes);
      }
      LSTM_UNROLL
      for (int part = 0; part < kUnrolledParts; ++part) {
        LSTM_UNROLL
        for (int gate = 0; gate < 4; ++gate) sum.v[gate] += parts[part].v[gate];
      }
      LSTM_NO_UNROLL
      for (int part = kUnrolledParts; part < a.parts; ++part) {
        const Floats more = lane.template load<Floats>(from + part * part_bytes);
        LSTM_UNROLL
        for (int gate = 0; gate < 4; ++gate) sum.v[gate] += more.v[gate];
      }
      const float i = lane.template sigmoid<is_approximate>(sum.v[0]);
      const float f = lane.template sigmoid<is_approximate>(sum.v[1]);
      const float g = lane.template tanh<is_approximate>(sum.v[2]);
      const float o = lane.template sigmoid<is_approximate>(sum.v[3]);
      c = is_active ? f * c + i * g : c;  // of the reverse direction: zero until the sample starts
      h = o * lane.template tanh<is_approximate>(c);
      sum = {{i, f, g, o}};
      const Words words = gather_octet<Product>(lane, h);
      receivers.send_if(lane, is_active && !is_last, place * inbox_bytes + own_place, words, place);
    }
    if (!is_last) lane.commit(place);

    // Nobody waits for what follows.
    if (thread == 0 && k > 0 && k + 2 < steps.count()) lane.arm(place_before, next.active * sample_arrival);
    if (has_unit && is_active) {
      const int row = step.row + pair.sample;
      T* gates = lane.row_of(all_gates, row, gates_stride);
      LSTM_UNROLL
      for (int gate = 0; gate < 4; ++gate) lane.store_global(gates + gate * H, rounded<T>(sum.v[gate]));
      lane.store_global(lane.row_of(all_c, row, c_stride), c);
      lane.store_global(lane.row_of(all_y, row, y_stride), rounded<T>(h));
    }
    add_bias();
    step = next;
    next = steps.step_of(after_next);
    load_sums(next, coming);
    steps.load(lane, k + 3, after_next);
  }
  lane.close();
}

}  // namespace lstm::cuda::persistent
