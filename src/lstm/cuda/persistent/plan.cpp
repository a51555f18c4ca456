#include "cuda/persistent/plan.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <stdexcept>

namespace lstm::cuda::persistent {
namespace {

constexpr int kMostArrivalBytes = 1 << 20;  // that a barrier counts

// Clocks. Latency between multiprocessors and its throughput: Luo et al., "Benchmarking and Dissecting the
// Nvidia Hopper GPU Architecture" (2024): 180 clocks; 3.3 TB/s over 132 multiprocessors at 1.755 GHz.
constexpr double kClusterLatency = 180, kClusterBytesPerClock = 14;
// By way of the second-level cache: store and fence, counter, load; about 260 clocks each (ibid.).
constexpr double kGridLatency = 900, kGridBytesPerClock = 24;
constexpr double kSharedBytesPerClock = 128;
// One mma.sync waits for the one before; four tensor cores do 1024 multiply-adds of 16 bits a clock, TF32
// half of it.
constexpr double kMatrixLatency = 33, kMatrixClocks = 2;
constexpr double kMultiplyAddsPerClock = 128;
// Barrier of the block, partial sums through shared memory, activations.
constexpr double kPointwise = 250;

int divide_up(int a, int b) {
  return (a + b - 1) / b;
}

// Clocks of the busiest block's product: the longest chain of a warp, or what the units or the shared memory
// take.
double product_clocks(const Geometry& geometry, const ProductShape& shape, int resident) {
  const double chunks = static_cast<double>(shape.row_blocks) * shape.chunks;
  const double stored = shape.stored_before(shape.items(), resident);
  const int turns = divide_up(shape.items(), shape.warps);
  const double chain = turns * static_cast<double>(divide_up(shape.chunks, shape.parts));
  if (geometry.arithmetic == Arithmetic::fp32) {
    const int samples = geometry.slice > 4 ? 8 : 4;
    const double multiply_adds = chunks * kRows * kChunkWords * samples / kMultiplyAddsPerClock;
    // A warp's load of h takes one pass of the banks: four addresses.
    const double memory = stored * kChunkBytes / kSharedBytesPerClock + chunks * samples;
    return std::max(multiply_adds, memory) + 2 * kMatrixLatency;
  }
  const double units = chunks * 4 * kMatrixClocks;
  const double memory = (stored * kChunkBytes + chunks * kLanes * 16) / kSharedBytesPerClock;
  return std::max({units, memory, chain * kMatrixLatency}) + kMatrixLatency;
}

struct Limits {
  bool is_cluster;
  int blocks, groups_at_once, shared_bytes, most_warps;
};

// The plan for one way to cut; nothing where it does not fit.
std::optional<Plan> cut(Arithmetic arithmetic, int units, int samples, int directions, int slice,
                        const Limits& limits) {
  Plan plan;
  Geometry& g = plan.geometry;
  g = {.arithmetic = arithmetic,
       .units = units,
       .octets = divide_up(units, kOctet),
       .blocks = limits.blocks,
       .directions = directions,
       .slice = slice,
       .slices = divide_up(samples, slice),
       .rows = divide_up(slice, 4) * 4};
  if (g.blocks > g.octets) return std::nullopt;  // every block owns something
  plan.is_cluster = limits.is_cluster;
  plan.most_warps = limits.most_warps;
  plan.groups_at_once = std::min(limits.groups_at_once, g.groups());

  const int own = g.most_octets();
  const int pairs = pairs_of(g, own);
  const int resident = resident_chunks(arithmetic, slice, limits.most_warps);
  const int chunks = forward_chunks(g);
  plan.parts = std::clamp(limits.most_warps / own, 1, chunks);
  for (;; --plan.parts) {
    plan.forward_warps =
        std::clamp(std::max(own * plan.parts, divide_up(pairs, kLanes)), 1, limits.most_warps);
    plan.forward_shared_bytes =
        forward_memory(g, plan.parts, plan.forward_warps, resident, plan.is_cluster).bytes;
    if (plan.forward_shared_bytes <= limits.shared_bytes) break;
    if (plan.parts == 1) return std::nullopt;
  }
  const int row_blocks = divide_up(g.octets, 4);
  plan.backward_warps = std::clamp(std::max(row_blocks, divide_up(pairs, kLanes)), 1, limits.most_warps);
  plan.backward_shared_bytes = backward_memory(g, plan.backward_warps, resident, plan.is_cluster).bytes;
  if (plan.backward_shared_bytes > limits.shared_bytes) return std::nullopt;
  if (pairs > kLanes * std::min(plan.forward_warps, plan.backward_warps)) return std::nullopt;
  const int arrival = std::max(forward_arrival(g, slice), backward_arrival(g, own, slice));
  if (arrival >= kMostArrivalBytes) return std::nullopt;

  const double latency = plan.is_cluster ? kClusterLatency : kGridLatency;
  const double bytes_per_clock = plan.is_cluster ? kClusterBytesPerClock : kGridBytesPerClock;
  plan.forward_clocks = kPointwise + latency + forward_arrival(g, slice) / bytes_per_clock +
                        product_clocks(g, forward_product(g, own, plan.parts, plan.forward_warps), resident);
  plan.backward_clocks = kPointwise + latency + backward_arrival(g, own, slice) / bytes_per_clock +
                         product_clocks(g, backward_product(g, own, plan.backward_warps), resident);
  return plan;
}

double all_clocks(const Plan& plan) {
  return plan.turns() * (plan.forward_clocks + plan.backward_clocks);
}
int multiprocessors(const Plan& plan) {
  return plan.groups_at_once * plan.geometry.blocks;
}

// Fewer multiprocessors where two are equally fast: the rest is free for products.
bool is_better(const Plan& a, const std::optional<Plan>& b) {
  if (!b) return true;
  if (all_clocks(a) != all_clocks(*b)) return all_clocks(a) < all_clocks(*b);
  return multiprocessors(a) < multiprocessors(*b);
}

}  // namespace

std::size_t Plan::exchange_bytes() const {
  if (is_cluster) return 0;
  const int inbox = 2 * std::max(forward_inbox_bytes(geometry), backward_inbox_bytes(geometry));
  return static_cast<std::size_t>(groups_at_once) * geometry.blocks * (static_cast<std::size_t>(inbox) + 8);
}

std::string Plan::text() const {
  const std::string count = std::to_string(geometry.groups());
  const std::string kind = is_cluster ? " clusters of " : " groups of ";
  return count + kind + std::to_string(geometry.blocks) + " blocks, " + std::to_string(geometry.slice) +
         (geometry.slice == 1 ? " sample each" : " samples each") +
         (turns() > 1 ? ", in " + std::to_string(turns()) + " turns" : "");
}

std::vector<Plan> possible_plans(Arithmetic arithmetic, int units, int samples, int directions,
                                 const DeviceLimits& limits) {
  std::vector<Plan> plans;
  const auto consider = [&](const Limits& of) {
    for (int slice = 1; slice <= std::min(samples, kMostSlice); ++slice) {
      const std::optional<Plan> plan = cut(arithmetic, units, samples, directions, slice, of);
      if (plan) plans.push_back(*plan);
    }
  };
  for (std::size_t i = 0; i < limits.clusters.size(); ++i) {
    if (limits.clusters[i] == 0) continue;
    for (const int most_warps : {kFewWarps, kMostWarps}) {
      consider({true, 2 << i, limits.clusters[i], limits.shared_bytes, most_warps});
    }
  }
  if (!plans.empty()) return plans;
  for (int blocks = 1; blocks <= limits.multiprocessors; ++blocks) {
    consider({false, blocks, limits.multiprocessors / blocks, limits.shared_bytes, kMostWarps});
  }
  return plans;
}

Plan make_plan(Arithmetic arithmetic, int units, int samples, int directions, const DeviceLimits& limits) {
  std::optional<Plan> best;
  for (const Plan& plan : possible_plans(arithmetic, units, samples, directions, limits)) {
    if (is_better(plan, best)) best = plan;
  }
  if (!best) {
    throw std::invalid_argument(
        "units: got " + std::to_string(units) + ", whose recurrent weights the shared memory of this GPU (" +
        std::to_string(limits.multiprocessors) + " x " + std::to_string(limits.shared_bytes) +
        " bytes) cannot hold; use fewer units, a narrower dtype, or cuda/fused");
  }
  return *best;
}

}  // namespace lstm::cuda::persistent
