// CTC in three kernels, without atomics, so that every run gives the same bits:
//   1. probabilities: one warp a row, softmax as fraction * 2^exponent;
//   2. the recursion: one block a sample and direction (alpha, beta), one thread a state, one barrier a step;
//   3. gradients: one warp a row; it writes the softmax and takes away each state's share.
// The recursion bounds it: T steps of some 200 cycles. alpha and beta run at the same time on different
// processors.
#pragma once

#include "cuda/kernels/ctc.h"
#include "cuda/kernels/warp.h"

namespace lstm::cuda {

constexpr int kCtcGradientWarps = 8;  // a block

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

// Block (place, 0): alpha(t, s), all prefixes in state s at step t, the emission of t included. Block (place,
// 1): beta(t, s), all suffixes from state s at step t, its emission left out.
__global__ void ctc_recursion_kernel(CtcProblem p) {
  const int place = static_cast<int>(blockIdx.x), steps = p.loss_lengths[place];
  const CtcStates states{p.labels + p.label_starts[place],
                         2 * (p.label_starts[place + 1] - p.label_starts[place]) + 1};
  const auto emission = [&](int t, int s) {
    const std::size_t row =
        static_cast<std::size_t>(p.rows.row(t) + place) * static_cast<std::size_t>(p.classes);
    return p.probabilities[row + static_cast<std::size_t>(states.label(s))];
  };
  const int first = static_cast<int>(threadIdx.x), stride = static_cast<int>(blockDim.x);
  if (blockIdx.y == 0) {
    for (int t = 0; t < steps; ++t) {
      const Parts* before = p.alpha + p.state_row(place, t > 0 ? t - 1 : 0);
      Parts* now = p.alpha + p.state_row(place, t);
      for (int s = first; s < states.count; s += stride) {
        if (t == 0) {
          now[s] = s <= 1 ? emission(0, s) : zero_parts();
          continue;
        }
        now[s] = sum_times(before[s], s >= 1 ? before[s - 1] : zero_parts(),
                           states.may_skip_to(s) ? before[s - 2] : zero_parts(), emission(t, s));
      }
      __syncthreads();  // the next step reads what other threads wrote
    }
    if (threadIdx.x == 0) {
      const Parts* last = p.alpha + p.state_row(place, steps - 1);
      const Parts total =
          sum_times(last[states.count - 1], states.count >= 2 ? last[states.count - 2] : zero_parts(),
                    zero_parts(), one_parts());
      p.totals[place] = total;
      p.losses[place] = total.fraction == 0.0f ? static_cast<double>(INFINITY) : -log_of(total);
    }
    return;
  }
  for (int t = steps - 1; t >= 0; --t) {
    const Parts* after = p.beta + p.state_row(place, t + 1 < steps ? t + 1 : t);
    Parts* now = p.beta + p.state_row(place, t);
    for (int s = first; s < states.count; s += stride) {
      if (t == steps - 1) {
        now[s] = s >= states.count - 2 ? one_parts() : zero_parts();
        continue;
      }
      const Parts stay = product(after[s], emission(t + 1, s));
      const Parts next = s + 1 < states.count ? product(after[s + 1], emission(t + 1, s + 1)) : zero_parts();
      const Parts skip =
          states.may_skip_to(s + 2) ? product(after[s + 2], emission(t + 1, s + 2)) : zero_parts();
      now[s] = sum_times(stay, next, skip, one_parts());
    }
    __syncthreads();
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
