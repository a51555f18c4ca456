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
//   2. thread (unit, sample) adds them to dy and computes the gradients of its gates, operand of the product,
//      in shared memory
//   3. barrier of the block
//   4. product of the block's rows of R, transposed, with its gradients of gates: each warp 32 units of dh;
//      lanes exchange halves so that each sends 16 bytes (4 samples) to the owner of the unit
//   5. while those are under way: stores the gradients and adds them to the bias's, fetches what the steps to
//      come need and computes of it what does not depend on dh
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
template <class Lane>
struct Destinations {
  typename Lane::Peer peers[2] = {};
  bool exist[2] = {};
  int place[2] = {};  // in the inbox
};
template <class Lane>
LSTM_DEVICE Destinations<Lane> destinations(Lane& lane, const Geometry& geometry, int row_block) {
  const int id = lane.lane_index();
  Destinations<Lane> to;
  LSTM_UNROLL
  for (int i = 0; i < 2; ++i) {
    const int octet = 4 * row_block + (id % 2 != 0 ? 2 : 0) + i;
    if (octet >= geometry.octets) continue;
    const int owner = owner_of(geometry, octet);
    to.exist[i] = true;
    to.peers[i] = lane.peer(owner);
    to.place[i] = backward_inbox_place(geometry, lane.rank(), octet - octets_of(geometry, owner).first,
                                       id % 4 / 2, id / 4);
  }
  return to;
}

// Sends one item's sums.
template <class Lane>
LSTM_DEVICE void send_parts(Lane& lane, const Sums& sums, const Destinations<Lane>& to, int active,
                            int offset, int barrier) {
  const int id = lane.lane_index();
  const bool is_odd = id % 2 != 0;
  const bool has_samples = id % 4 / 2 * 4 < active;
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
    Words words;
    LSTM_UNROLL
    for (int e = 0; e < 4; ++e) words.v[e] = lane.to_word(four[e]);
    lane.send_if(to.exist[i] && has_samples, to.peers[i], offset + to.place[i], words, barrier);
  }
}

// What a thread reads of a step.
template <class T>
struct SavedCell {
  T gates[4] = {};
  float c = 0, c_before = 0, dy = 0;
};
// What of it the gradients are made of: d of i, f and g are dc times theirs, d of o is dh times its own.
struct CellFactors {
  float dy = 0, of_dc = 0;  // dc += dh * of_dc
  float f = 0;              // dc of the step before: dc * f
  float gates[4] = {};
};
template <bool is_approximate, class Lane, class T>
LSTM_DEVICE CellFactors factors(Lane& lane, const SavedCell<T>& saved) {
  const float i = to_float(saved.gates[0]), f = to_float(saved.gates[1]);
  const float g = to_float(saved.gates[2]), o = to_float(saved.gates[3]);
  const float tanh_c = lane.template tanh<is_approximate>(saved.c);
  return {saved.dy,
          o * (1 - tanh_c * tanh_c),
          f,
          {g * i * (1 - i), saved.c_before * f * (1 - f), i * (1 - g * g), tanh_c * o * (1 - o)}};
}

template <class Product, class Lane>
LSTM_DEVICE void backward_block(Lane& lane, const BackwardArguments<typename Product::Stored>& a) {
  using T = typename Product::Stored;
  constexpr bool is_approximate = sizeof(T) == 2;
  constexpr int kUnrolledBlocks = 8;
  const Geometry& geometry = a.geometry;
  const int H = geometry.units;
  const int thread = lane.thread(), warp = lane.warp_index(), warps = lane.threads() / kLanes;
  const Span own = octets_of(geometry, lane.rank());
  const ProductShape shape = backward_product(geometry, own.size(), warps);
  const SharedMemory memory = backward_memory(geometry, warps, Product::kResident, Lane::kHasInbox);
  const SliceSteps steps(geometry, a.lengths, a.row_starts, lane.group());
  const int d = steps.direction();
  const int inbox_bytes = backward_inbox_bytes(geometry);
  const int operand_size = operand_bytes(geometry, backward_chunks(geometry, geometry.most_octets()));

  typename Product::Weights resident = {};
  const int first_stored = load_weights<Product>(
      lane, a.weights[d] + lane.rank() * block_vectors(geometry, Pass::backward) * kLanes, shape,
      memory.weights, resident);
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

  Item first_item;
  Destinations<Lane> first_destinations;
  if (warp < shape.items()) {
    first_item = item_at<Product>(lane, geometry, shape, warp, first_stored);
    first_destinations = destinations(lane, geometry, warp);
  }
  const bool has_pair = thread < pairs_of(geometry, own.size());
  const Pair pair = pair_at(geometry, thread);
  const int unit = (own.first + pair.own_octet) * kOctet + pair.octet_unit;
  const bool has_unit = has_pair && unit < H;  // else it is of the padding
  const int own_parts = backward_inbox_place(geometry, 0, pair.own_octet, pair.sample / 4, pair.octet_unit) +
                        pair.sample % 4 * 4;
  const int source_bytes = backward_inbox_place(geometry, 1, 0, 0, 0);
  const int own_place = operand_place(
      geometry, 4 * (pair.own_octet * kOctet + pair.octet_unit) / numbers_per_word(Product::kArithmetic),
      pair.sample);
  T* const all_gates = a.gates[d] + unit;
  const float* const all_c = a.c[d] + unit;
  const float* const all_dy = a.dy[d] + unit;
  const int gates_stride = 4 * H * static_cast<int>(sizeof(T));
  const int c_stride = H * static_cast<int>(sizeof(float)),
            dy_stride = a.y_row * static_cast<int>(sizeof(float));
  const int last_dy_row = steps.first_place() + pair.sample;
  // Units of the padding keep zeros, and so do their gradients.
  const auto load_saved = [&](const Step& behind, const Step& of, const Step& in_front, SavedCell<T>& saved) {
    const bool is_wanted = has_unit && pair.sample < of.active;
    const bool has_before = pair.sample < in_front.active;
    const int row = of.row + pair.sample;
    const T* gates = lane.row_of(all_gates, row, gates_stride);
    LSTM_UNROLL
    for (int gate = 0; gate < 4; ++gate) {
      lane.template load_global_if<T>(is_wanted, gates + gate * H, saved.gates[gate]);
    }
    lane.template load_global_if<float>(is_wanted, lane.row_of(all_c, row, c_stride), saved.c);
    saved.c_before = is_wanted && !has_before ? 0 : saved.c_before;
    lane.template load_global_if<float>(
        is_wanted && has_before, lane.row_of(all_c, in_front.row + pair.sample, c_stride), saved.c_before);
    // A sample's last step is the last of its recurrence, or the first one in reverse. Others read a row of
    // zeros: a load that happens sometimes only would cost every step a wait for those under way.
    const int go_on = d == 0 ? behind.active : in_front.active;
    const int dy_row = a.zero_dy_row < 0 ? row : pair.sample < go_on ? a.zero_dy_row : last_dy_row;
    lane.template load_global_if<float>(is_wanted, lane.row_of(all_dy, dy_row, dy_stride), saved.dy);
  };
  // By k: the step behind the one at hand, it, and those in front of it. Loads from global memory are a whole
  // step ahead of their first use.
  Step behind, step = steps.at(last), in_front = steps.at(last - 1), farther = steps.at(last - 2);
  StoredStep farthest = steps.load(last - 3);
  SavedCell<T> coming;
  load_saved(behind, step, in_front, coming);
  CellFactors cell = factors<is_approximate>(lane, coming);
  load_saved(step, in_front, farther, coming);
  float dc = 0;
  float bias_sums[4] = {};  // of the sample's d_gates so far

  for (int m = 0; m <= last; ++m) {
    const int k = last - m;
    const int place = m & 1, place_before = place ^ 1;
    if (m > 0) lane.wait(place_before, (m - 1) >> 1);
    const int operand_offset = memory.operand + place * operand_size;
    const bool is_active = has_pair && pair.sample < step.active;
    float d_gates[4] = {};
    if (has_pair) {
      float dh = cell.dy;
      // The sample's parts, if the step behind had it; added up in the order of blocks.
      const int from = place_before * inbox_bytes + own_parts;
      float parts[kUnrolledBlocks] = {};
      LSTM_UNROLL
      for (int source = 0; source < kUnrolledBlocks; ++source) {
        if (source == 0 || source < geometry.blocks) {
          parts[source] = lane.template load_inbox<float>(from + source * source_bytes);
        }
      }
      float sum = dh;
      LSTM_UNROLL
      for (int source = 0; source < kUnrolledBlocks; ++source) sum += parts[source];
      LSTM_NO_UNROLL
      for (int source = kUnrolledBlocks; source < geometry.blocks; ++source) {
        sum += lane.template load_inbox<float>(from + source * source_bytes);
      }
      dh = pair.sample < behind.active ? sum : dh;
      const float dc_now = dc + dh * cell.of_dc;
      dc = is_active ? dc_now * cell.f : dc;  // zero until the sample starts
      LSTM_UNROLL
      for (int gate = 0; gate < 3; ++gate) d_gates[gate] = dc_now * cell.gates[gate];
      d_gates[3] = dh * cell.gates[3];
      if (is_active) {
        const int to = operand_offset + own_place;
        if constexpr (sizeof(T) == 2) {
          lane.store(to, PairOfWords{{lane.template to_pair<T>(d_gates[0], d_gates[1]),
                                      lane.template to_pair<T>(d_gates[2], d_gates[3])}});
        } else {
          Words words;
          LSTM_UNROLL
          for (int e = 0; e < 4; ++e) {
            words.v[e] = Product::kArithmetic == Arithmetic::tf32 ? lane.to_tf32(d_gates[e])
                                                                  : lane.to_word(d_gates[e]);
          }
          lane.store(to, words);
        }
      }
    }
    lane.sync_block();

    if (k > 0) {
      if (warp < shape.items()) {
        Sums sums;
        Product::template run<false>(lane, resident, first_item, operand_offset, sums);
        send_parts(lane, sums, first_destinations, step.active, place * inbox_bytes, place);
        LSTM_NO_UNROLL
        for (int item = warp + warps; item < shape.items(); item += warps) {
          Product::template run<false>(lane, resident,
                                       later_item_at<Product>(lane, geometry, shape, memory.weights, item),
                                       operand_offset, sums);
          send_parts(lane, sums, destinations(lane, geometry, item), step.active, place * inbox_bytes, place);
        }
      }
      lane.commit(place);
    }

    // Nobody waits for what follows.
    if (thread == 0 && m > 0 && m + 1 < last) {
      lane.arm(place_before, backward_arrival(geometry, own.size(), in_front.active));
    }
    if (has_unit && is_active) {
      T* gates = lane.row_of(all_gates, step.row + pair.sample, gates_stride);
      LSTM_UNROLL
      for (int gate = 0; gate < 4; ++gate) {
        lane.store_global(gates + gate * H, rounded<T>(d_gates[gate]));
        bias_sums[gate] += d_gates[gate];
      }
    }
    cell = factors<is_approximate>(lane, coming);
    for (float* value :
         {&cell.dy, &cell.of_dc, &cell.f, &cell.gates[0], &cell.gates[1], &cell.gates[2], &cell.gates[3]}) {
      lane.settle(*value);
    }
    behind = step;
    step = in_front;
    in_front = farther;
    farther = steps.step_of(farthest);
    load_saved(step, in_front, farther, coming);
    steps.load(lane, k - 4, farthest);
  }
  if (has_unit && pair.sample < steps.samples()) {
    float* const sums = lane.row_of(a.bias_sums[d] + unit, steps.first_place() + pair.sample,
                                    4 * H * static_cast<int>(sizeof(float)));
    LSTM_UNROLL
    for (int gate = 0; gate < 4; ++gate) lane.store_global(sums + gate * H, bias_sums[gate]);
  }
  lane.close();
}

}  // namespace lstm::cuda::persistent
