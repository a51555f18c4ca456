// One layer's recurrence by the persistent kernels, forward and backward, on the shapes of the workloads:
// time of a step by the GPU's own clock, beside the plan's estimate of its clocks.
#include <benchmark/benchmark.h>
#include <cuda_runtime_api.h>

#include <string>
#include <vector>

#include "cuda/persistent/launch.h"
#include "cuda/runtime/memory.h"
#include "cuda/runtime/stream.h"
#include "deferred.h"
#include "lstm/cuda.h"

namespace lstm::microbench {
namespace {

using namespace lstm::cuda;
using namespace lstm::cuda::persistent;

constexpr int kUnits = 320;

struct Shape {
  int samples, steps, directions;
};

// Numbers do not matter: zeros are multiplied as fast as others.
template <Arithmetic arithmetic>
class Recurrence {
 public:
  using T = StoredAs<arithmetic>;

  Recurrence(const Shape& shape, const Plan& plan) : plan_(plan) {
    const auto rows = static_cast<std::size_t>(shape.samples) * static_cast<std::size_t>(shape.steps);
    const int y_row = shape.directions * kUnits;
    std::vector<int> row_starts;
    for (int t = 0; t <= shape.steps; ++t) row_starts.push_back(t * shape.samples);
    forward_ = {.geometry = plan.geometry, .parts = plan.parts, .y_row = y_row};
    backward_ = {.geometry = plan.geometry, .y_row = y_row};
    int* starts = take<int>(row_starts.size());
    cudaMemcpy(starts, row_starts.data(), row_starts.size() * sizeof(int), cudaMemcpyHostToDevice);
    forward_.row_starts = backward_.row_starts = starts;
    const std::vector<int> all_steps(static_cast<std::size_t>(shape.samples), shape.steps);
    int* lengths = take<int>(all_steps.size());
    cudaMemcpy(lengths, all_steps.data(), all_steps.size() * sizeof(int), cudaMemcpyHostToDevice);
    forward_.lengths = backward_.lengths = lengths;
    T* const y = take<T>(rows * static_cast<std::size_t>(y_row));
    float* const dy = take<float>(rows * static_cast<std::size_t>(y_row));
    for (int d = 0; d < shape.directions; ++d) {
      forward_.weights[d] = take<Words>(packed_bytes(plan.geometry, Pass::forward) / sizeof(Words));
      backward_.weights[d] = take<Words>(packed_bytes(plan.geometry, Pass::backward) / sizeof(Words));
      forward_.b_W[d] = forward_.b_R[d] = take<float>(4 * kUnits);
      forward_.sums[d] = take<float>(rows * 4 * kUnits);
      forward_.gates[d] = backward_.gates[d] = take<T>(rows * 4 * kUnits);
      forward_.c[d] = take<float>(rows * kUnits);
      backward_.c[d] = forward_.c[d];
      forward_.y[d] = y + d * kUnits;
      backward_.dy[d] = dy + d * kUnits;
      backward_.bias_sums[d] = take<float>(static_cast<std::size_t>(shape.samples) * 4 * kUnits);
    }
    exchange_ = take<std::byte>(plan.exchange_bytes());
  }

  double milliseconds(bool is_backward) {
    stream_.record(start_);
    if (is_backward) {
      launch(stream_.get(), plan_, backward_, exchange_);
    } else {
      launch(stream_.get(), plan_, forward_, exchange_);
    }
    stream_.record(end_);
    end_.synchronise();
    return static_cast<double>(end_.nanoseconds_since(start_)) * 1e-6;
  }

 private:
  template <class U>
  U* take(std::size_t count) {
    memory_.emplace_back(count * sizeof(U) + 16);
    cudaMemset(memory_.back().data(), 0, memory_.back().size());
    return reinterpret_cast<U*>(memory_.back().data());
  }

  Plan plan_;
  std::vector<DeviceMemory> memory_;
  ForwardArguments<T> forward_;
  BackwardArguments<T> backward_;
  std::byte* exchange_ = nullptr;
  Stream stream_;
  Event start_{true}, end_{true};
};

template <Arithmetic arithmetic>
void run(benchmark::State& state, const Shape& shape, bool is_backward, const Plan& plan) {
  Recurrence<arithmetic> recurrence(shape, plan);
  recurrence.milliseconds(is_backward);
  double total = 0;
  for (auto _ : state) {
    const double milliseconds = recurrence.milliseconds(is_backward);
    state.SetIterationTime(milliseconds * 1e-3);
    total += milliseconds;
  }
  state.counters["us/step"] = total * 1e3 / static_cast<double>(state.iterations()) / shape.steps;
  state.counters["estimated clocks/step"] =
      plan.turns() * (is_backward ? plan.backward_clocks : plan.forward_clocks);
  state.SetLabel(plan.text());
}

// The plan that would be chosen, with and without clusters; and beside it each other one that runs all groups
// at once and whose slices are no larger than their number asks for ("C8S4W12": 8 blocks, 4 samples, at most
// 12 warps).
template <Arithmetic arithmetic>
void add(const std::string& name) {
  const DeviceLimits limits = device_limits();
  DeviceLimits without_clusters = limits;
  without_clusters.clusters = {};
  for (const Shape& shape : {Shape{64, 100, 1}, Shape{32, 1000, 1}, Shape{32, 1000, 2}}) {
    const auto register_plan = [&](const std::string& suffix, const Plan& plan) {
      for (const bool is_backward : {false, true}) {
        const std::string text = "persistent/" + name + (is_backward ? "/backward" : "/forward") + "/N" +
                                 std::to_string(shape.samples) + "T" + std::to_string(shape.steps) + "D" +
                                 std::to_string(shape.directions) + suffix;
        benchmark::RegisterBenchmark(text.c_str(),
                                     [shape, is_backward, plan](benchmark::State& state) {
                                       run<arithmetic>(state, shape, is_backward, plan);
                                     })
            ->UseManualTime()
            ->Unit(benchmark::kMillisecond);
      }
    };
    const auto chosen = [&](const DeviceLimits& of) {
      return make_plan(arithmetic, kUnits, shape.samples, shape.directions, of);
    };
    register_plan("", chosen(limits));
    register_plan("/without_clusters", chosen(without_clusters));
    for (const Plan& plan : possible_plans(arithmetic, kUnits, shape.samples, shape.directions, limits)) {
      const Geometry& g = plan.geometry;
      if (!plan.is_cluster || plan.turns() > 1 || (shape.samples + g.slices - 1) / g.slices < g.slice)
        continue;
      register_plan("/plans/C" + std::to_string(g.blocks) + "S" + std::to_string(g.slice) + "W" +
                        std::to_string(plan.most_warps),
                    plan);
    }
  }
}

// Plans depend on the GPU, of which nothing may be asked before main().
const bool kRegistered = defer([] {
  if (!unavailable_reason().empty()) return;
  add<Arithmetic::fp32>("fp32");
  add<Arithmetic::tf32>("tf32");
  add<Arithmetic::bf16>("bf16");
  add<Arithmetic::fp16>("fp16");
});

}  // namespace
}  // namespace lstm::microbench
