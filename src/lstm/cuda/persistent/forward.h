// One layer pass forward: every step of one slice in one direction, by one block of its group.
//
// A step:
//   1. wait until h of the step before has arrived from every block of the group (skipped at the first)
//   2. product of the block's own rows of R with h: each warp one octet x a part of the inner dimension;
//   partial
//      sums go to shared memory
//   3. barrier of the block
//   4. thread (unit, sample) adds the parts in their order, computes the cell, stores gates, c, y, and sends
//   h:
//      eight lanes bring the 8 units of an octet together and each sends 16 bytes to its share of the blocks
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

// Brings h of an octet together and sends it to the blocks that this lane serves.
template <class Product, class Lane>
LSTM_DEVICE void send_h(Lane& lane, const Geometry& geometry, float h, int octet, int sample, bool is_sent,
                        int offset, int barrier) {
  constexpr int numbers = numbers_per_word(Product::kArithmetic);
  constexpr int packets = 2 / numbers;  // of 16 bytes an octet
  const int id = lane.thread() % kLanes;
  const int first_lane = id & ~(kOctet - 1);
  const int lane_of_octet = id & (kOctet - 1);
  const int packet = lane_of_octet % packets;
  Words words;
  if constexpr (numbers == 2) {
    const float neighbour = lane.shuffle(h, id ^ 1);
    const bool is_even = id % 2 == 0;
    const std::uint32_t both =
        lane.template to_pair<typename Product::Stored>(is_even ? h : neighbour, is_even ? neighbour : h);
    LSTM_UNROLL
    for (int e = 0; e < 4; ++e) words.v[e] = lane.shuffle(both, first_lane + 2 * e);
  } else {
    const std::uint32_t word = Product::kArithmetic == Arithmetic::tf32 ? lane.to_tf32(h) : lane.to_word(h);
    LSTM_UNROLL
    for (int e = 0; e < 4; ++e) words.v[e] = lane.shuffle(word, first_lane + 4 * packet + e);
  }
  if (!is_sent) return;
  const int word = octet * kOctet / numbers + 4 * packet;
  const int place = offset + operand_place(geometry, word, sample);
  for (int rank = lane_of_octet / packets; rank < geometry.blocks; rank += kOctet / packets) {
    lane.send(rank, place, words, barrier);
  }
}

// What does not change from step to step of an item. Worked out in front of the first: a division by a number
// that the compiler does not know takes longer than the matrix instructions of an item.
struct ForwardItem {
  int resident = 0;  // chunks in registers
  int stored = 0;    // where the others lie
  Span chunks;
  int sums = 0;  // where the sums of this lane's first sample go
};
template <class Product, class Lane>
LSTM_DEVICE ForwardItem forward_item(Lane& lane, const Geometry& geometry, const ProductShape& shape,
                                     int weights_offset, int item) {
  const int id = lane.thread() % kLanes, part = item % shape.parts;
  return {shape.resident(item, Product::kResident),
          weights_offset + shape.stored_before(item, Product::kResident) * kChunkBytes, shape.chunks_of(part),
          sums_place(geometry, part, item / shape.parts, 2 * (id % 4), id / 4)};
}

// The product of one step, its partial sums into shared memory. `first` is the warp's first item, if it has
// one.
template <class Product, class Lane>
LSTM_DEVICE void multiply_h(Lane& lane, const Geometry& geometry, const ProductShape& shape,
                            const typename Product::Weights& resident, int weights_offset, int warp,
                            const ForwardItem& first, const Operand& h, int sums_offset) {
  const int id = lane.thread() % kLanes;
  ForwardItem at = first;
  for (int item = warp; item < shape.items();) {
    Sums sums;
    Product::template run<true>(lane, resident, at.resident, at.stored, at.chunks, h, sums);
    LSTM_UNROLL
    for (int e = 0; e < 2; ++e) {
      if (2 * (id % 4) + e >= geometry.rows) continue;
      const Floats gates = {{sums.at[0][e], sums.at[1][e], sums.at[2][e], sums.at[3][e]}};
      lane.store(sums_offset + at.sums + e * kSumsOfSample, gates);
    }
    item += shape.warps;
    if (item < shape.items()) at = forward_item<Product>(lane, geometry, shape, weights_offset, item);
  }
}

template <class Product, class Lane>
LSTM_DEVICE void forward_block(Lane& lane, const ForwardArguments<typename Product::Stored>& a) {
  using T = typename Product::Stored;
  constexpr bool is_approximate = sizeof(T) == 2;
  const Geometry& geometry = a.geometry;
  const int H = geometry.units;
  const int thread = lane.thread(), warp = lane.warp_index(), warps = lane.threads() / kLanes;
  const Span own = octets_of(geometry, lane.rank());
  const ProductShape shape = forward_product(geometry, own.size(), a.parts, warps);
  const SharedMemory memory = forward_memory(geometry, a.parts, warps, Product::kResident, Lane::kHasInbox);
  const SliceSteps steps(geometry, a.row_starts, a.time_steps, lane.group());
  const int d = steps.direction();
  const int inbox_bytes = forward_inbox_bytes(geometry);
  const int sums_size = sums_bytes(geometry, a.parts);

  typename Product::Weights resident = {};
  load_weights<Product>(lane, a.weights[d] + lane.rank() * block_vectors(geometry, Pass::forward) * kLanes,
                        shape, memory.weights, resident);
  lane.open(memory.inbox, 2 * inbox_bytes);
  const int sample_arrival = forward_arrival(geometry, 1);
  if (thread == 0) {
    for (int k = 0; k < 2 && k + 1 < steps.count(); ++k) {
      lane.arm(k, steps.at(k).active * sample_arrival);
    }
  }

  ForwardItem first_item;
  if (warp < shape.items()) {
    first_item = forward_item<Product>(lane, geometry, shape, memory.weights, warp);
  }
  const bool has_pair = thread < pairs_of(geometry, own.size());
  const Pair pair = pair_at(geometry, thread);
  const int unit = (own.first + pair.own_octet) * kOctet + pair.octet_unit;
  const bool has_unit = has_pair && unit < H;  // else it is of the padding
  const int own_sums = sums_place(geometry, 0, pair.own_octet, pair.sample, pair.octet_unit);
  const int part_bytes = sums_bytes(geometry, 1);
  Floats bias = {};
  if (has_unit) {
    LSTM_UNROLL
    for (int gate = 0; gate < 4; ++gate) {
      bias.v[gate] = lane.template load_global<float>(a.b_W[d] + gate * H + unit) +
                     lane.template load_global<float>(a.b_R[d] + gate * H + unit);
    }
  }
  Floats coming = {};  // sums of the step to come
  const auto load_sums = [&](const Step& of) {
    if (!has_unit || pair.sample >= of.active) return;
    const float* from = a.sums[d] + static_cast<std::size_t>(of.row + pair.sample) * 4 * H + unit;
    LSTM_UNROLL
    for (int gate = 0; gate < 4; ++gate) coming.v[gate] = lane.template load_global<float>(from + gate * H);
  };
  float c = 0;
  Step step = steps.at(0), next = steps.at(1);
  load_sums(step);

  for (int k = 0; k < steps.count(); ++k) {
    // Loads from global memory are a whole step ahead of their first use.
    const StoredStep after_next = steps.load(k + 2);
    Floats sum = coming;
    load_sums(next);

    const int sums_offset = memory.sums + k % 2 * sums_size;
    if (k > 0) {
      lane.wait((k - 1) % 2, (k - 1) / 2);
      if (thread == 0 && k + 2 < steps.count()) {
        lane.arm((k - 1) % 2, next.active * sample_arrival);
      }
      multiply_h<Product>(lane, geometry, shape, resident, memory.weights, warp, first_item,
                          {(k - 1) % 2 * inbox_bytes, operand_cells(geometry), geometry.rows}, sums_offset);
    }
    lane.sync_block();

    // Nobody waits for these; without clusters commit would, by its fence.
    const auto keep = [&](float h) {
      if (!has_unit || pair.sample >= step.active) return;
      const auto row = static_cast<std::size_t>(step.row + pair.sample);
      T* gates = a.gates[d] + row * 4 * H + unit;
      LSTM_UNROLL
      for (int gate = 0; gate < 4; ++gate) lane.store_global(gates + gate * H, rounded<T>(sum.v[gate]));
      lane.store_global(a.c[d] + row * H + unit, c);
      lane.store_global(a.y[d] + row * a.y_row + unit, rounded<T>(h));
    };
    float h = 0;
    if (has_pair) {
      const bool is_active = pair.sample < step.active;
      if (is_active) {
        LSTM_UNROLL
        for (int gate = 0; gate < 4; ++gate) sum.v[gate] += bias.v[gate];
        for (int part = 0; k > 0 && part < a.parts; ++part) {
          const Floats more = lane.template load<Floats>(sums_offset + own_sums + part * part_bytes);
          LSTM_UNROLL
          for (int gate = 0; gate < 4; ++gate) sum.v[gate] += more.v[gate];
        }
        const float i = lane.template sigmoid<is_approximate>(sum.v[0]);
        const float f = lane.template sigmoid<is_approximate>(sum.v[1]);
        const float g = lane.template tanh<is_approximate>(sum.v[2]);
        const float o = lane.template sigmoid<is_approximate>(sum.v[3]);
        c = f * c + i * g;
        h = o * lane.template tanh<is_approximate>(c);
        sum = {{i, f, g, o}};
      }
      send_h<Product>(lane, geometry, h, own.first + pair.own_octet, pair.sample,
                      is_active && k + 1 < steps.count(), k % 2 * inbox_bytes, k % 2);
      if constexpr (Lane::kHasInbox) keep(h);
    }
    if (k + 1 < steps.count()) lane.commit(k % 2);
    if constexpr (!Lane::kHasInbox) keep(h);
    step = next;
    next = steps.step_of(after_next);
  }
  lane.close();
}

}  // namespace lstm::cuda::persistent
