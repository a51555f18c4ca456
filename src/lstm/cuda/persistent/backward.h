// One layer pass backward through the recurrence: every step of one slice in one direction, by one block.
//
// Which way round. dh(t) = dy(t) + R^T dgates(t + 1) could be computed by the owner of dh from all 4H
// gradients of gates, or by each block for all of dh from its own ones, to be added up. The first sends 4H
// numbers of each sample to every block, the second H partial sums from every block to their owners: a
// quarter of the numbers, and a half of the bytes where gradients of gates travel as bf16 and sums as fp32.
// This is the second. Each sum has one order, that of the blocks, so results have the same bits every time.
//
// A step, iteration m = 0, 1, ... for k = last step, ..., 0:
//   1. wait for the parts of dh that iteration m - 1 sent (skipped at the first)
//   2. thread (unit, sample) adds them to dy, computes the gradients of its gates, stores them to global
//   memory and
//      as operand to shared memory
//   3. barrier of the block
//   4. product of the block's rows of R, transposed, with its gradients of gates: each warp 32 units of dh;
//   lanes
//      exchange halves so that each sends 16 bytes (4 samples) to the owner of the unit
//
// Why no further barrier is needed: inbox and operand alternate between two places. A block sends parts of
// iteration m + 1 into the place of iteration m - 1's after all parts of iteration m have arrived; their
// senders sent behind barrier 3 of iteration m, in front of which they had read those of m - 1. The operand
// of m + 2 is written behind barrier 3 of m + 1, in front of which all warps had read that of m.
#pragma once

#include "cuda/persistent/arguments.h"
#include "cuda/persistent/forward.h"
#include "cuda/persistent/steps.h"

namespace lstm::cuda::persistent {

// Where a lane sends the parts of dh of its two octets of an item, whose row groups are octets 4 row_block +
// r of dh: even lanes 0 and 1, odd ones 2 and 3. Worked out in front of the first step, for the sake of the
// divisions.
struct Destinations {
  int rank[2] = {-1, -1};  // -1: there is no such octet
  int place[2] = {};       // in the inbox
};
template <class Lane>
LSTM_DEVICE Destinations destinations(Lane& lane, const Geometry& geometry, int row_block) {
  const int id = lane.thread() % kLanes;
  Destinations to;
  LSTM_UNROLL
  for (int i = 0; i < 2; ++i) {
    const int octet = 4 * row_block + (id % 2 != 0 ? 2 : 0) + i;
    if (octet >= geometry.octets) continue;
    const int owner = owner_of(geometry, octet);
    to.rank[i] = owner;
    to.place[i] = backward_inbox_place(geometry, lane.rank(), octet - octets_of(geometry, owner).first,
                                       id % 4 / 2, id / 4);
  }
  return to;
}

// Sends one item's sums.
template <class Lane>
LSTM_DEVICE void send_parts(Lane& lane, const Sums& sums, const Destinations& to, int active, int offset,
                            int barrier) {
  const int id = lane.thread() % kLanes;
  const bool is_odd = id % 2 != 0;
  LSTM_UNROLL
  for (int i = 0; i < 2; ++i) {
    // Each gets its neighbour's two samples of the groups that it keeps.
    float four[4];
    LSTM_UNROLL
    for (int e = 0; e < 2; ++e) {
      const float give = is_odd ? sums.at[i][e] : sums.at[i + 2][e];
      const float keep = is_odd ? sums.at[i + 2][e] : sums.at[i][e];
      const float got = lane.shuffle(give, id ^ 1);
      four[e] = is_odd ? got : keep;
      four[e + 2] = is_odd ? keep : got;
    }
    if (to.rank[i] < 0 || id % 4 / 2 * 4 >= active) continue;
    Words words;
    LSTM_UNROLL
    for (int e = 0; e < 4; ++e) words.v[e] = lane.to_word(four[e]);
    lane.send(to.rank[i], offset + to.place[i], words, barrier);
  }
}

template <class Product, class Lane>
LSTM_DEVICE void backward_block(Lane& lane, const BackwardArguments<typename Product::Stored>& a) {
  using T = typename Product::Stored;
  constexpr bool is_approximate = sizeof(T) == 2;
  const Geometry& geometry = a.geometry;
  const int H = geometry.units;
  const int thread = lane.thread(), warp = lane.warp_index(), warps = lane.threads() / kLanes;
  const Span own = octets_of(geometry, lane.rank());
  const ProductShape shape = backward_product(geometry, own.size(), warps);
  const SharedMemory memory = backward_memory(geometry, warps, Product::kResident, Lane::kHasInbox);
  const SliceSteps steps(geometry, a.row_starts, a.time_steps, lane.group());
  const int d = steps.direction();
  const int inbox_bytes = backward_inbox_bytes(geometry);
  const int operand_size = operand_bytes(geometry, backward_chunks(geometry, geometry.most_octets()));

  typename Product::Weights resident = {};
  load_weights<Product>(lane, a.weights[d] + lane.rank() * block_vectors(geometry, Pass::backward) * kLanes,
                        shape, memory.weights, resident);
  // Samples that start later have rows of zeros until then.
  for (int i = thread; i < 2 * operand_size / 16; i += lane.threads()) {
    lane.store(memory.operand + i * 16, Words{});
  }
  lane.open(memory.inbox, 2 * inbox_bytes);
  const int last = steps.count() - 1;
  if (thread == 0) {
    for (int m = 0; m < 2 && m < last; ++m) {
      lane.arm(m, backward_arrival(geometry, own.size(), steps.at(last - m).active));
    }
  }

  const int first_stored = warp < shape.items() ? shape.stored_before(warp, Product::kResident) : 0;
  const Destinations first_destinations = destinations(lane, geometry, warp);
  const bool has_pair = thread < pairs_of(geometry, own.size());
  const Pair pair = pair_at(geometry, thread);
  const int unit = (own.first + pair.own_octet) * kOctet + pair.octet_unit;
  const bool has_unit = has_pair && unit < H;  // else it is of the padding
  const int own_parts = backward_inbox_place(geometry, 0, pair.own_octet, pair.sample / 4, pair.octet_unit) +
                        pair.sample % 4 * 4;
  const int source_bytes = backward_inbox_place(geometry, 1, 0, 0, 0);
  // What a step reads of its own. Units of the padding keep zeros, and so do their gradients.
  struct Saved {
    T gates[4];
    float c, c_before, dy;
  };
  Saved coming = {};
  const auto load_saved = [&](const Step& of, const Step& in_front) {
    if (!has_unit || pair.sample >= of.active) return;
    const auto row = static_cast<std::size_t>(of.row + pair.sample);
    const auto row_in_front = static_cast<std::size_t>(in_front.row + pair.sample);
    const T* gates = a.gates[d] + row * 4 * H + unit;
    LSTM_UNROLL
    for (int gate = 0; gate < 4; ++gate) {
      coming.gates[gate] = lane.template load_global<T>(gates + gate * H);
    }
    coming.c = lane.template load_global<float>(a.c[d] + row * H + unit);
    coming.c_before = pair.sample < in_front.active
                          ? lane.template load_global<float>(a.c[d] + row_in_front * H + unit)
                          : 0.0f;
    coming.dy = lane.template load_global<float>(a.dy[d] + row * a.y_row + unit);
  };
  float dc = 0;
  // By k: the step behind the one at hand, it, and the two in front of it.
  Step behind, step = steps.at(last), in_front = steps.at(last - 1), farther = steps.at(last - 2);
  load_saved(step, in_front);

  for (int m = 0; m <= last; ++m) {
    const int k = last - m;
    // Loads from global memory are a whole step ahead of their first use.
    const StoredStep farthest = steps.load(k - 3);
    const Saved now = coming;
    load_saved(in_front, farther);

    if (m > 0) {
      lane.wait((m - 1) % 2, (m - 1) / 2);
      if (thread == 0 && m + 1 < last) {
        lane.arm((m - 1) % 2, backward_arrival(geometry, own.size(), in_front.active));
      }
    }
    const int operand_offset = memory.operand + m % 2 * operand_size;
    if (has_pair && pair.sample < step.active) {
      float dh = now.dy;
      if (pair.sample < behind.active) {
        for (int source = 0; source < geometry.blocks; ++source) {
          dh +=
              lane.template load_inbox<float>((m - 1) % 2 * inbox_bytes + own_parts + source * source_bytes);
        }
      }
      const float i = to_float(now.gates[0]), f = to_float(now.gates[1]);
      const float g = to_float(now.gates[2]), o = to_float(now.gates[3]);
      const float tanh_c = lane.template tanh<is_approximate>(now.c);
      const float dc_now = dc + dh * o * (1 - tanh_c * tanh_c);
      dc = dc_now * f;
      const float d_gates[4] = {dc_now * g * i * (1 - i), dc_now * now.c_before * f * (1 - f),
                                dc_now * i * (1 - g * g), dh * tanh_c * o * (1 - o)};
      const int word =
          4 * (pair.own_octet * kOctet + pair.octet_unit) / numbers_per_word(Product::kArithmetic);
      const int to = operand_offset + operand_place(geometry, word, pair.sample);
      if constexpr (sizeof(T) == 2) {
        lane.store(to, PairOfWords{{lane.template to_pair<T>(d_gates[0], d_gates[1]),
                                    lane.template to_pair<T>(d_gates[2], d_gates[3])}});
      } else {
        Words words;
        LSTM_UNROLL
        for (int e = 0; e < 4; ++e) {
          words.v[e] =
              Product::kArithmetic == Arithmetic::tf32 ? lane.to_tf32(d_gates[e]) : lane.to_word(d_gates[e]);
        }
        lane.store(to, words);
      }
      if (has_unit) {
        T* gates = a.gates[d] + static_cast<std::size_t>(step.row + pair.sample) * 4 * H + unit;
        LSTM_UNROLL
        for (int gate = 0; gate < 4; ++gate) lane.store_global(gates + gate * H, rounded<T>(d_gates[gate]));
      }
    }
    lane.sync_block();

    if (k > 0) {
      const Operand d_gates = {operand_offset, operand_cells(geometry), geometry.rows};
      for (int item = warp; item < shape.items(); item += warps) {
        const int stored = item == warp ? first_stored : shape.stored_before(item, Product::kResident);
        Sums sums;
        Product::template run<false>(lane, resident, shape.resident(item, Product::kResident),
                                     memory.weights + stored * kChunkBytes, shape.chunks_of(0), d_gates,
                                     sums);
        send_parts(lane, sums, item == warp ? first_destinations : destinations(lane, geometry, item),
                   step.active, m % 2 * inbox_bytes, m % 2);
      }
      lane.commit(m % 2);
    }
    behind = step;
    step = in_front;
    in_front = farther;
    farther = steps.step_of(farthest);
  }
  lane.close();
}

}  // namespace lstm::cuda::persistent
