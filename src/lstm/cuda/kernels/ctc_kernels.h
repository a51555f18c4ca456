// CTC in three kernels, without atomics, so that every run gives the same bits:
//   1. probabilities: one warp a row, softmax as fraction * 2^exponent;
//   2. the recursion: one block a sample and direction (alpha, beta), one lane a label and the blank in front
//      of it (up to 255 labels; with more, threads have several states and go through global memory);
//   3. gradients: one warp a row; it writes the softmax and takes away each state's share.
// The recursion bounds it: T steps one after the other. alpha and beta run at the same time on different
// processors.
#pragma once

#include <cstdint>

#include "cuda/kernels/copy_async.h"
#include "cuda/kernels/ctc.h"
#include "cuda/kernels/warp.h"

namespace lstm::cuda {

constexpr int kCtcWarps = 8;          // a block of probabilities or gradients
constexpr int kCtcMostThreads = 256;  // a block of the recursion
constexpr int kCtcGroup = 4;          // steps whose emissions are waited for together
constexpr int kCtcGroups = 5;         // in shared memory at a time
constexpr int kCtcChunk = kCtcGroup * kCtcGroups;
constexpr int kCtcGradientSteps = 32;  // a block of gradients
constexpr int kCtcSortedLabels = 256;  // at a time, by a block of gradients

// Of a block of the recursion: one for each label and one more, if there may be so many.
inline int ctc_recursion_threads(int max_labels) {
  const int threads = (max_labels / kWarpSize + 1) * kWarpSize;
  return threads < kCtcMostThreads ? threads : kCtcMostThreads;
}

// One block a step; its warps walk over the places.
__global__ void ctc_probabilities_kernel(CtcProblem p) {
  const int t = static_cast<int>(blockIdx.x), lane = static_cast<int>(threadIdx.x % kWarpSize);
  const int warps = static_cast<int>(blockDim.x) / kWarpSize;
  for (int place = static_cast<int>(threadIdx.x) / kWarpSize; place < p.rows.active(t); place += warps) {
    const std::size_t row =
        static_cast<std::size_t>(p.rows.row(t) + place) * static_cast<std::size_t>(p.classes);
    const float* z = p.logits + row;
    const float largest = warp_largest(z, p.classes, lane);
    float sum = 0.0f;
    for (int k = lane; k < p.classes; k += kWarpSize) sum += expf(z[k] - largest);
    const float log2_sum = log2f(warp_sum(sum));
    for (int k = lane; k < p.classes; k += kWarpSize) {
      p.probabilities[row + static_cast<std::size_t>(k)] =
          exp2_parts((z[k] - largest) * 1.44269504f - log2_sum);
    }
  }
}

// State s of 2S + 1 is a blank where s is even, else label s / 2.
struct CtcStates {
  const int* labels;
  int count;  // 2S + 1

  __device__ int label(int s) const { return s % 2 == 0 ? 0 : labels[s / 2]; }
  // Whether a path may go from s - 2 to s: past a blank between two different labels.
  __device__ bool may_skip_to(int s) const {
    return s >= 2 && s < count && s % 2 == 1 && labels[s / 2] != labels[s / 2 - 1];
  }
  // Whether any path goes through all labels in so many steps: a blank must part two that are equal.
  __device__ bool fit(int steps) const {
    int needed = count / 2;
    for (int s = 3; s < count; s += 2) needed += may_skip_to(s) ? 0 : 1;
    return needed <= steps;
  }
};

// Where the rows of p.alpha and p.beta have label i: behind all blanks, so that a warp's accesses are dense.
__device__ inline int ctc_label_at(const CtcProblem& p, int i) {
  return p.max_labels + 1 + i;
}
__device__ inline int ctc_state_at(const CtcProblem& p, int s) {
  return s % 2 == 0 ? s / 2 : ctc_label_at(p, s / 2);
}

// The recursions of one sample by one block, into the sample's rows of p.alpha and p.beta.
//   alpha(t, s): all prefixes in state s at step t, the emission of t included;
//   beta(t, s): all suffixes from state s at step t, its emission left out.
struct CtcRecursion {
  const CtcProblem& p;
  const CtcStates& states;
  int place, steps;

  __device__ Parts emission(int t, int label) const {
    const std::size_t row =
        static_cast<std::size_t>(p.rows.row(t) + place) * static_cast<std::size_t>(p.classes);
    return p.probabilities[row + static_cast<std::size_t>(label)];
  }
  __device__ Parts* alpha(int t) const { return p.alpha + p.state_row(place, t); }
  __device__ Parts* beta(int t) const { return p.beta + p.state_row(place, t); }
  __device__ Parts* alpha(int t, int s) const { return alpha(t) + ctc_state_at(p, s); }
  __device__ Parts* beta(int t, int s) const { return beta(t) + ctc_state_at(p, s); }
};

// What a warp has of one step in shared memory.
struct CtcSlot {
  Parts labels[kWarpSize];  // emissions, of each lane
  Parts blank;
  // The last lane's label of the warp below, packed, by its chunk's number mod 2. Volatile: where all lanes
  // load, it takes fewer instructions than where one does.
  volatile std::uint64_t edges[2];
};
using CtcShared = CtcSlot[kCtcMostThreads / kWarpSize * kCtcChunk];  // by warp

__device__ inline std::uint64_t packed(Parts x) {
  return static_cast<std::uint64_t>(static_cast<std::uint32_t>(x.exponent)) << 32 | bits_of(x.fraction);
}
__device__ inline Parts unpacked(std::uint64_t bits) {
  return {from_bits(static_cast<std::uint32_t>(bits)), static_cast<int>(bits >> 32)};
}

// Bytes in front of a row of the probabilities. 64 bits, by one instruction: a GPU of 141 GB has memory for
// more than 2^32 probabilities.
__device__ inline std::uint64_t ctc_row_offset(std::uint32_t row, std::uint32_t row_bytes) {
  return static_cast<std::uint64_t>(row) * row_bytes;
}
// From a column of the first row to that of another one.
__device__ inline const Parts* ctc_in_row(const Parts* first, std::uint32_t row, std::uint32_t row_bytes) {
  return reinterpret_cast<const Parts*>(reinterpret_cast<const char*>(first) +
                                        ctc_row_offset(row, row_bytes));
}

// The recursion of up to one pair of states a lane: the blank in front of label i, and the label. Backwards
// it is the same with the labels and the steps in reverse order, and pairs of a blank and the label in front
// of it. A step needs one label of the lane below; of the warp below it is a chunk of steps behind, so that
// there is one barrier a chunk. Emissions are copied a trip to the second-level cache ahead.
//
// What counts is the number of instructions a step: numbers are loose (math/parts.h) within a group.
template <bool kBackwards>
__device__ void ctc_pairs(const CtcRecursion& r, CtcShared& shared) {
  const CtcProblem& p = r.p;
  const int pair = static_cast<int>(threadIdx.x), lane = pair % kWarpSize, warp = pair / kWarpSize;
  const int steps = r.steps, label_count = r.states.count / 2;
  const int warps = label_count / kWarpSize + 1, chunks = (steps + kCtcChunk - 1) / kCtcChunk;
  const auto label_of = [&](int i) { return r.states.labels[kBackwards ? label_count - 1 - i : i]; };
  const bool has_label = pair < label_count, has_blank = pair <= label_count;
  const int label = has_label ? label_of(pair) : 0;  // behind the last pair there are blanks nobody reads
  const bool may_skip = has_label && pair > 0 && label != label_of(pair - 1);

  // The first row of step k, of the last one behind it; and the sample's own.
  const auto first_row_of = [&](int k) {
    const int within = k < steps ? k : steps - 1;
    return p.rows.row(kBackwards ? steps - 1 - within : within);
  };
  const auto own_row = [&](int first) { return static_cast<std::uint32_t>(first + r.place); };
  const auto row_bytes = static_cast<std::uint32_t>(p.classes) * static_cast<std::uint32_t>(sizeof(Parts));
  CtcSlot* const slots = shared + warp * kCtcChunk;
  const Parts* const label_column = kept(p.probabilities + label);
  // Lane `source` + i has the row of what goes to slot + i. Blanks that several lanes copy are the same.
  const auto copy_group = [&](std::uint32_t rows, int source, int slot) {
    for (int i = 0; i < kCtcGroup; ++i) {
      const std::uint32_t row = __shfl_sync(kAllLanes, rows, source + i);
      copy_8_async(&slots[slot + i].labels[lane], ctc_in_row(label_column, row, row_bytes));
    }
    const int own = lane % kCtcGroup;
    const std::uint32_t row = __shfl_sync(kAllLanes, rows, source + own);
    copy_8_async(&slots[slot + own].blank, ctc_in_row(p.probabilities, row, row_bytes));
    commit_copies();
  };

  constexpr int kAhead = kCtcChunk - kCtcGroup;  // steps that copies are ahead
  static_assert(kCtcChunk <= kWarpSize);         // a lane has the row of one of a chunk's steps
  if (warp == 0 && lane < kCtcChunk)
    for (volatile std::uint64_t& edge : slots[lane].edges) edge = packed(zero_parts());
  const std::uint32_t first_rows = own_row(first_row_of(lane));
  for (int k = 0; k < kAhead; k += kCtcGroup) copy_group(first_rows, k, k);
  int next_rows = first_row_of(kAhead + lane);  // that the next chunk copies; nobody waits for them before

  // Before the emission of a step, with it, and the emission.
  Parts blank_sum = pair == 0 ? one_parts() : zero_parts(), label_sum = blank_sum;
  wait_for_copies<kCtcGroups - 2>();
  __syncwarp();
  Parts blank_emission = slots[0].blank, label_emission = slots[0].labels[lane];
  const int row_size = kBackwards ? -p.states() : p.states();
  Parts* blank_out = kBackwards ? r.beta(steps - 1) + (label_count - pair) : r.alpha(0) + pair;
  Parts* label_out = kBackwards ? r.beta(steps - 1) + ctc_label_at(p, label_count - 1 - pair)
                                : r.alpha(0) + ctc_label_at(p, pair);

  // Steps that are left, for those who write.
  int left = steps, blanks_left = has_blank ? steps : 0, labels_left = has_label ? steps : 0;
  const bool has_above = lane == kWarpSize - 1 && warp + 1 < warps;

  for (int turn = 0; turn < chunks + warps - 1; ++turn) {
    __syncthreads();
    const int chunk = turn - warp;
    if (warp >= warps || chunk < 0 || chunk >= chunks) continue;
    const int parity = chunk % 2;
    const std::uint32_t rows = own_row(next_rows);
    next_rows = first_row_of((chunk + 1) * kCtcChunk + kAhead + lane);
    CtcSlot* now = slots;
    for (int first_slot = 0; first_slot < kCtcChunk && left > 0; first_slot += kCtcGroup, now += kCtcGroup) {
      // Where the group before was, the one that is kAhead steps away goes.
      const int free_slot = first_slot == 0 ? kAhead : first_slot - kCtcGroup;
      const CtcSlot* const next = first_slot == kAhead ? slots : now + kCtcGroup;
      for (int i = 0; i < kCtcGroup; ++i) {
        Parts of_blank = loose_product(blank_sum, blank_emission);
        Parts of_label = loose_product(label_sum, label_emission);
        if (i == kCtcGroup - 1) {
          of_blank = tightened(of_blank);
          of_label = tightened(of_label);
        }
        Parts below{__shfl_up_sync(kAllLanes, of_label.fraction, 1),
                    __shfl_up_sync(kAllLanes, of_label.exponent, 1)};
        if (i < blanks_left) blank_out[i * row_size] = kBackwards ? blank_sum : of_blank;
        if (i < labels_left) label_out[i * row_size] = kBackwards ? label_sum : of_label;
        if (has_above) now[i + kCtcChunk].edges[parity] = packed(of_label);
        if (i == 0) copy_group(rows, first_slot, free_slot);
        if (i == kCtcGroup - 1) {
          wait_for_copies<kCtcGroups - 2>();  // the next group is there
          __syncwarp();
        }
        const CtcSlot& after = i == kCtcGroup - 1 ? *next : now[i + 1];
        blank_emission = after.blank;
        label_emission = after.labels[lane];
        const Parts edge = unpacked(now[i].edges[parity]);
        below = {lane == 0 ? edge.fraction : below.fraction, lane == 0 ? edge.exponent : below.exponent};
        label_sum = loose_sum(of_label, of_blank,
                              Parts{below.fraction, may_skip ? below.exponent : kExponentOfNothing});
        blank_sum = loose_sum(of_blank, below);
      }
      blank_out += kCtcGroup * row_size;
      label_out += kCtcGroup * row_size;
      left -= kCtcGroup;
      blanks_left -= kCtcGroup;
      labels_left -= kCtcGroup;
    }
  }
  wait_for_copies<0>();
}

// Any number of states a thread, through global memory.
__device__ inline void ctc_alpha_of_many(const CtcRecursion& r) {
  const int first = static_cast<int>(threadIdx.x), stride = static_cast<int>(blockDim.x);
  for (int t = 0; t < r.steps; ++t) {
    const auto before = [&](int s) { return *r.alpha(t - 1, s); };
    for (int s = first; s < r.states.count; s += stride) {
      const Parts emission = r.emission(t, r.states.label(s));
      *r.alpha(t, s) = t == 0 ? (s <= 1 ? emission : zero_parts())
                              : sum_times(before(s), s >= 1 ? before(s - 1) : zero_parts(),
                                          r.states.may_skip_to(s) ? before(s - 2) : zero_parts(), emission);
    }
    __syncthreads();  // the next step reads what other threads wrote
  }
}
__device__ inline void ctc_beta_of_many(const CtcRecursion& r) {
  const int first = static_cast<int>(threadIdx.x), stride = static_cast<int>(blockDim.x);
  for (int t = r.steps - 1; t >= 0; --t) {
    const auto of = [&](int s) { return product(*r.beta(t + 1, s), r.emission(t + 1, r.states.label(s))); };
    for (int s = first; s < r.states.count; s += stride) {
      *r.beta(t, s) = t == r.steps - 1
                          ? (s >= r.states.count - 2 ? one_parts() : zero_parts())
                          : sum_times(of(s), s + 1 < r.states.count ? of(s + 1) : zero_parts(),
                                      r.states.may_skip_to(s + 2) ? of(s + 2) : zero_parts(), one_parts());
    }
    __syncthreads();
  }
}

// Block (place, 0): alpha and what follows from it; block (place, 1): beta.
__global__ void __launch_bounds__(kCtcMostThreads, 1) ctc_recursion_kernel(CtcProblem p) {
  __shared__ CtcShared shared;
  const int place = static_cast<int>(blockIdx.x), steps = p.loss_lengths[place];
  const CtcStates states{p.labels + p.label_starts[place],
                         2 * (p.label_starts[place + 1] - p.label_starts[place]) + 1};
  const CtcRecursion recursion{p, states, place, steps};
  const bool has_lane_for_each = states.count / 2 < static_cast<int>(blockDim.x);
  if (blockIdx.y == 1) {
    has_lane_for_each ? ctc_pairs<true>(recursion, shared) : ctc_beta_of_many(recursion);
    return;
  }
  has_lane_for_each ? ctc_pairs<false>(recursion, shared) : ctc_alpha_of_many(recursion);
  __syncthreads();
  if (threadIdx.x == 0) {
    const auto last = [&](int s) { return *recursion.alpha(steps - 1, s); };
    Parts total = sum_times(last(states.count - 1), states.count >= 2 ? last(states.count - 2) : zero_parts(),
                            zero_parts(), one_parts());
    // Labels that do not fit have no path, whatever the logits are.
    if (total.fraction != total.fraction && !states.fit(steps)) total = zero_parts();
    p.totals[place] = total;
    p.losses[place] = total.fraction == 0.0f ? static_cast<double>(INFINITY) : -log_of(total);
  }
}

// Up to kCtcSortedLabels labels of one sample in rising order.
struct CtcSorted {
  int labels[kCtcSortedLabels];
  int ranks[kCtcSortedLabels];    // of each label where it comes from
  int repeats[kCtcSortedLabels];  // by rank: of the first of equal ones how many there are, else 0
};

// By the block. `unsorted` is scratch. The first barrier is also for those who still use `sorted`.
__device__ inline void ctc_sort(const int* labels, int count, int* unsorted, CtcSorted& sorted) {
  const int first = static_cast<int>(threadIdx.x), stride = static_cast<int>(blockDim.x);
  for (int i = first; i < count; i += stride) unsorted[i] = labels[i];
  __syncthreads();
  for (int i = first; i < count; i += stride) {
    const int own = unsorted[i];
    int rank = 0;
    for (int j = 0; j < count; ++j) rank += unsorted[j] < own || (unsorted[j] == own && j < i) ? 1 : 0;
    sorted.ranks[i] = rank;
    sorted.labels[rank] = own;
  }
  __syncthreads();
  for (int i = first; i < count; i += stride) {
    const int own = sorted.labels[i];
    int repeats = 0;
    if (i == 0 || sorted.labels[i - 1] != own) {
      while (i + repeats < count && sorted.labels[i + repeats] == own) ++repeats;
    }
    sorted.repeats[i] = repeats;
  }
  __syncthreads();
}

// d_logits = softmax - sum over the states with that label of alpha beta / total; zero behind the loss
// length, and where no path exists. One block a sample and kCtcGradientSteps of its steps.
__global__ void __launch_bounds__(kCtcWarps* kWarpSize) ctc_gradient_kernel(CtcProblem p) {
  __shared__ float shares[kCtcWarps][kCtcSortedLabels];  // by rank
  __shared__ int unsorted[kCtcSortedLabels];
  __shared__ CtcSorted sorted;
  const int place = static_cast<int>(blockIdx.x), lane = static_cast<int>(threadIdx.x % kWarpSize);
  const int warp = static_cast<int>(threadIdx.x) / kWarpSize;
  const int first = static_cast<int>(blockIdx.y) * kCtcGradientSteps;
  const int last = first + kCtcGradientSteps < p.loss_steps ? first + kCtcGradientSteps : p.loss_steps;
  if (place >= p.rows.active(first)) return;
  const int* labels = p.labels + p.label_starts[place];
  const int label_count = p.label_starts[place + 1] - p.label_starts[place];
  const int loss_length = p.loss_lengths[place];
  const Parts total = p.totals[place];
  const bool has_path = total.fraction != 0.0f;
  const Parts one_over_total = has_path ? inverse(total) : one_parts();

  for (int start = 0; start == 0 || start < label_count; start += kCtcSortedLabels) {
    const int count = label_count - start < kCtcSortedLabels ? label_count - start : kCtcSortedLabels;
    if (first < loss_length && has_path) ctc_sort(labels + start, count, unsorted, sorted);
    for (int t = first + warp; t < last && place < p.rows.active(t); t += kCtcWarps) {
      const std::size_t row =
          static_cast<std::size_t>(p.rows.row(t) + place) * static_cast<std::size_t>(p.classes);
      const Parts* const probabilities = p.probabilities + row;
      float* const d = p.d_logits + row;
      const auto softmax = [&](int k) { return share(probabilities[k], one_parts(), one_parts()); };
      const bool has_gradient = t < loss_length && has_path;
      const Parts* const alpha = p.alpha + p.state_row(place, t);
      const Parts* const beta = p.beta + p.state_row(place, t);
      const auto share_at = [&](int i) { return share(alpha[i], beta[i], one_over_total); };
      const int blank_count = start + count == label_count ? count + 1 : count;
      float blanks = 0.0f;
      for (int i = lane; i < blank_count && has_gradient; i += kWarpSize) {
        blanks += share_at(start + i);
        if (i < count) shares[warp][sorted.ranks[i]] = share_at(ctc_label_at(p, start + i));
      }
      blanks = warp_sum(blanks);
      for (int k = lane; k < p.classes && start == 0; k += kWarpSize) {
        d[k] = has_gradient ? softmax(k) - (k == 0 ? blanks : 0.0f) : 0.0f;
      }
      if (!has_gradient) continue;  // all lanes of the warp
      if (start > 0 && lane == 0) d[0] -= blanks;
      __syncwarp();
      // Each label that occurs has a lane, which adds up its shares in one order. None is a blank.
      for (int i = lane; i < count; i += kWarpSize) {
        float sum = 0.0f;
        for (int j = 0; j < sorted.repeats[i]; ++j) sum += shares[warp][i + j];
        const int label = sorted.labels[i];
        if (sorted.repeats[i] > 0) d[label] = (start == 0 ? softmax(label) : d[label]) - sum;
      }
      __syncwarp();
    }
  }
}

}  // namespace lstm::cuda
