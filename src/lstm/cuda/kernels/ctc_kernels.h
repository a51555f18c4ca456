// CTC in three kernels, without atomics, so that every run gives the same bits:
//   1. probabilities: one warp a row, softmax as fraction * 2^exponent;
//   2. the recursion: one block a sample and direction (alpha, beta), one thread a state, one barrier a step
//      (up to 255 labels; with more, threads have several states);
//   3. gradients: one warp a row; it writes the softmax and takes away each state's share.
// The recursion bounds it: T steps one after the other. alpha and beta run at the same time on different
// processors.
#pragma once

#include "cuda/kernels/ctc.h"
#include "cuda/kernels/warp.h"

namespace lstm::cuda {

constexpr int kCtcGradientWarps = 8;  // a block
constexpr int kCtcMostThreads = 512;  // a block of the recursion
constexpr int kCtcAhead = 4;  // steps, an even number: a trip to the second-level cache takes some of them

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
};

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
};

// A row of states in shared memory, with two more in which nothing is, for the neighbours of the outermost.
using CtcRow = Parts[kCtcMostThreads + 2];

// One state a thread. The row before comes through shared memory, of two rows in turn, and what a thread
// needs of global memory it asks for kCtcAhead steps earlier: a step waits for its barrier.
__device__ inline void ctc_alpha(const CtcRecursion& r, CtcRow (&rows)[2]) {
  const int s = static_cast<int>(threadIdx.x);
  const bool has_state = s < r.states.count, may_skip = r.states.may_skip_to(s);
  const int label = has_state ? r.states.label(s) : 0;
  const auto load = [&](int t) { return t < r.steps ? r.emission(t, label) : zero_parts(); };
  if (s < 2) rows[0][s] = rows[1][s] = zero_parts();  // states -2 and -1
  Parts emissions[kCtcAhead];                         // of step t at t % kCtcAhead
  for (int i = 0; i < kCtcAhead; ++i) emissions[i] = load(i);
  Parts own = has_state && s <= 1 ? emissions[0] : zero_parts();
  for (int start = 0; start < r.steps; start += kCtcAhead) {
    for (int i = 0; i < kCtcAhead; ++i) {
      const int t = start + i;
      if (t == r.steps) return;
      emissions[i] = load(t + kCtcAhead);
      Parts* const row = rows[i % 2] + 2;
      row[s] = own;
      if (has_state) r.alpha(t)[s] = own;
      __syncthreads();
      own = sum_times(own, row[s - 1], may_skip ? row[s - 2] : zero_parts(), emissions[(i + 1) % kCtcAhead]);
    }
  }
}

// The same backwards, where each thread brings along the emission of its own state.
__device__ inline void ctc_beta(const CtcRecursion& r, CtcRow (&rows)[2]) {
  const int s = static_cast<int>(threadIdx.x), count = r.states.count, last = r.steps - 1;
  const bool has_state = s < count, may_skip = r.states.may_skip_to(s + 2);
  const int label = has_state ? r.states.label(s) : 0;
  const auto load = [&](int t) { return t > 0 ? r.emission(t, label) : zero_parts(); };
  if (s < 2) rows[0][blockDim.x + threadIdx.x] = rows[1][blockDim.x + threadIdx.x] = zero_parts();
  Parts emissions[kCtcAhead];  // of step last - k at k % kCtcAhead
  for (int i = 0; i < kCtcAhead; ++i) emissions[i] = load(last - i);
  Parts own = has_state && s >= count - 2 ? one_parts() : zero_parts();
  for (int start = 0; start <= last; start += kCtcAhead) {
    for (int i = 0; i < kCtcAhead; ++i) {
      const int t = last - start - i;
      if (has_state) r.beta(t)[s] = own;
      if (t == 0) return;
      Parts* const row = rows[i % 2];
      row[s] = has_state ? product(own, emissions[i]) : zero_parts();
      emissions[i] = load(t - kCtcAhead);
      __syncthreads();
      own = sum_times(row[s], row[s + 1], may_skip ? row[s + 2] : zero_parts(), one_parts());
    }
  }
}

// Any number of states a thread, through global memory.
__device__ inline void ctc_alpha_of_many(const CtcRecursion& r) {
  const int first = static_cast<int>(threadIdx.x), stride = static_cast<int>(blockDim.x);
  for (int t = 0; t < r.steps; ++t) {
    const Parts* before = r.alpha(t > 0 ? t - 1 : 0);
    Parts* now = r.alpha(t);
    for (int s = first; s < r.states.count; s += stride) {
      const Parts emission = r.emission(t, r.states.label(s));
      if (t == 0) {
        now[s] = s <= 1 ? emission : zero_parts();
        continue;
      }
      now[s] = sum_times(before[s], s >= 1 ? before[s - 1] : zero_parts(),
                         r.states.may_skip_to(s) ? before[s - 2] : zero_parts(), emission);
    }
    __syncthreads();  // the next step reads what other threads wrote
  }
}
__device__ inline void ctc_beta_of_many(const CtcRecursion& r) {
  const int first = static_cast<int>(threadIdx.x), stride = static_cast<int>(blockDim.x);
  for (int t = r.steps - 1; t >= 0; --t) {
    const Parts* after = r.beta(t + 1 < r.steps ? t + 1 : t);
    Parts* now = r.beta(t);
    const auto of = [&](int s) { return product(after[s], r.emission(t + 1, r.states.label(s))); };
    for (int s = first; s < r.states.count; s += stride) {
      if (t == r.steps - 1) {
        now[s] = s >= r.states.count - 2 ? one_parts() : zero_parts();
        continue;
      }
      now[s] = sum_times(of(s), s + 1 < r.states.count ? of(s + 1) : zero_parts(),
                         r.states.may_skip_to(s + 2) ? of(s + 2) : zero_parts(), one_parts());
    }
    __syncthreads();
  }
}

// Block (place, 0): alpha and what follows from it; block (place, 1): beta.
__global__ void ctc_recursion_kernel(CtcProblem p) {
  __shared__ CtcRow rows[2];
  const int place = static_cast<int>(blockIdx.x), steps = p.loss_lengths[place];
  const CtcStates states{p.labels + p.label_starts[place],
                         2 * (p.label_starts[place + 1] - p.label_starts[place]) + 1};
  const CtcRecursion recursion{p, states, place, steps};
  const bool has_thread_for_each = states.count <= static_cast<int>(blockDim.x);
  if (blockIdx.y == 1) {
    has_thread_for_each ? ctc_beta(recursion, rows) : ctc_beta_of_many(recursion);
    return;
  }
  has_thread_for_each ? ctc_alpha(recursion, rows) : ctc_alpha_of_many(recursion);
  if (threadIdx.x == 0) {
    const Parts* last = recursion.alpha(steps - 1);
    const Parts total =
        sum_times(last[states.count - 1], states.count >= 2 ? last[states.count - 2] : zero_parts(),
                  zero_parts(), one_parts());
    p.totals[place] = total;
    p.losses[place] = total.fraction == 0.0f ? static_cast<double>(INFINITY) : -log_of(total);
  }
}

// d_logits = softmax - sum over the states with that label of alpha beta / total; zero behind the loss
// length, and where no path exists. One block a step; its warps walk over the places.
__global__ void ctc_gradient_kernel(CtcProblem p) {
  __shared__ float shares[kCtcGradientWarps][kWarpSize];
  __shared__ int classes[kCtcGradientWarps][kWarpSize];
  const int t = static_cast<int>(blockIdx.x), lane = static_cast<int>(threadIdx.x % kWarpSize);
  const int warp = static_cast<int>(threadIdx.x) / kWarpSize;
  for (int place = warp; place < p.rows.active(t); place += kCtcGradientWarps) {
    const std::size_t row =
        static_cast<std::size_t>(p.rows.row(t) + place) * static_cast<std::size_t>(p.classes);
    float* d = p.d_logits + row;
    const Parts total = p.totals[place];
    const bool has_gradient = t < p.loss_lengths[place] && total.fraction != 0.0f;
    for (int k = lane; k < p.classes; k += kWarpSize) {
      d[k] = has_gradient
                 ? share(p.probabilities[row + static_cast<std::size_t>(k)], one_parts(), one_parts())
                 : 0.0f;
    }
    if (!has_gradient) continue;  // all lanes of the warp
    const int* labels = p.labels + p.label_starts[place];
    const int label_count = p.label_starts[place + 1] - p.label_starts[place];
    const Parts* alpha = p.alpha + p.state_row(place, t);
    const Parts* beta = p.beta + p.state_row(place, t);
    const auto share_of = [&](int s) { return share(alpha[s], beta[s], total); };
    float blanks = 0.0f;
    for (int i = lane; i <= label_count; i += kWarpSize) blanks += share_of(2 * i);
    blanks = warp_sum(blanks);
    if (lane == 0) d[0] -= blanks;
    for (int start = 0; start < label_count; start += kWarpSize) {
      const int i = start + lane;
      shares[warp][lane] = i < label_count ? share_of(2 * i + 1) : 0.0f;
      classes[warp][lane] = i < label_count ? labels[i] : 0;
      __syncwarp();
      // Each lane has its own classes: no two add to the same one. Blanks (0) are no label.
      for (int k = lane == 0 ? kWarpSize : lane; k < p.classes; k += kWarpSize) {
        float sum = 0.0f;
        for (int j = 0; j < kWarpSize; ++j) sum += classes[warp][j] == k ? shares[warp][j] : 0.0f;
        d[k] -= sum;
      }
      __syncwarp();
    }
  }
}

}  // namespace lstm::cuda
