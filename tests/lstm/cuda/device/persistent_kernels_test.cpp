// The persistent kernels on a GPU against the float64 reference, layer by layer: clusters, and groups of a
// cooperative launch. What the emulation cannot show is here: barriers, packets and matrix instructions of
// the machine itself.
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "cuda/persistent/launch.h"
#include "cuda/runtime/memory.h"
#include "lstm/cuda.h"
#include "lstm/cuda/persistent/recurrence_problem.h"

namespace lstm::cuda::persistent {
namespace {

using emulation::Error;
using emulation::Launch;
using emulation::RecurrenceProblem;

class PersistentKernelsOnDevice : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string reason = unavailable_reason(); !reason.empty())
      GTEST_SKIP() << "skipped: " << reason;
  }
};

template <class T>
class OnDevice {
 public:
  explicit OnDevice(std::size_t size) : size_(size), memory_(size * sizeof(T) + 16) {
    cudaMemset(memory_.data(), 0xff, memory_.size());  // NaN
  }
  explicit OnDevice(const std::vector<double>& values) : OnDevice(values.size()) {
    std::vector<T> host;
    for (const double value : values) host.push_back(rounded<T>(static_cast<float>(value)));
    cudaMemcpy(get(), host.data(), size_ * sizeof(T), cudaMemcpyHostToDevice);
  }
  T* get() const { return reinterpret_cast<T*>(memory_.data()); }
  std::vector<T> host() const {
    std::vector<T> result(size_);
    cudaMemcpy(result.data(), get(), size_ * sizeof(T), cudaMemcpyDeviceToHost);
    return result;
  }

 private:
  std::size_t size_;
  DeviceMemory memory_;
};

struct Errors {
  double forward = 0, backward = 0;
};

template <Arithmetic arithmetic>
Errors errors_of(const RecurrenceProblem& problem, const Plan& plan) {
  using T = StoredAs<arithmetic>;
  const auto H = static_cast<std::size_t>(plan.geometry.units);
  const auto D = static_cast<std::size_t>(plan.geometry.directions);
  const auto rows = static_cast<std::size_t>(problem.row_starts().back());
  const std::vector<int>& starts = problem.row_starts();
  const DeviceMemory row_starts(starts.size() * sizeof(int)), exchange(plan.exchange_bytes() + 16);
  cudaMemcpy(row_starts.data(), starts.data(), starts.size() * sizeof(int), cudaMemcpyHostToDevice);
  const DeviceMemory lengths(problem.lengths().size() * sizeof(int));
  cudaMemcpy(lengths.data(), problem.lengths().data(), lengths.size(), cudaMemcpyHostToDevice);
  const auto* device_lengths = reinterpret_cast<const int*>(lengths.data());
  const auto* device_starts = reinterpret_cast<const int*>(row_starts.data());

  ForwardArguments<T> forward{.geometry = plan.geometry,
                              .parts = plan.parts,
                              .lengths = device_lengths,
                              .row_starts = device_starts,
                              .y_row = static_cast<int>(D * H)};
  BackwardArguments<T> backward{.geometry = plan.geometry,
                                .lengths = device_lengths,
                                .row_starts = device_starts,
                                .y_row = static_cast<int>(D * H),
                                .zero_dy_row = problem.zero_dy_row()};
  std::vector<DeviceMemory> weights;
  std::vector<OnDevice<float>> floats;
  std::vector<OnDevice<T>> gates, saved_gates;
  std::vector<OnDevice<float>> c, saved_c, bias_sums;
  OnDevice<T> y(rows * D * H);
  for (std::size_t d = 0; d < D; ++d) {
    const auto& direction = problem.directions()[d];
    const OnDevice<float> R(direction.R);
    for (const Pass pass : {Pass::forward, Pass::backward}) {
      weights.emplace_back(packed_bytes(plan.geometry, pass));
      auto* const packed = reinterpret_cast<Words*>(weights.back().data());
      pack(nullptr, plan.geometry, pass, R.get(), packed);
      (pass == Pass::forward ? forward.weights : backward.weights)[d] = packed;
    }
    cudaDeviceSynchronize();
    forward.b_W[d] = floats.emplace_back(direction.b_W).get();
    forward.b_R[d] = floats.emplace_back(direction.b_R).get();
    forward.sums[d] = floats.emplace_back(direction.sums).get();
    forward.gates[d] = gates.emplace_back(rows * 4 * H).get();
    forward.c[d] = c.emplace_back(rows * H).get();
    forward.y[d] = y.get() + d * H;
    backward.gates[d] = saved_gates.emplace_back(direction.gates).get();
    backward.c[d] = saved_c.emplace_back(direction.c).get();
    backward.bias_sums[d] = bias_sums.emplace_back(direction.bias_sums.size()).get();
  }
  const OnDevice<float> dy(problem.all_dy());
  for (std::size_t d = 0; d < D; ++d) backward.dy[d] = dy.get() + d * H;

  launch(nullptr, plan, forward, exchange.data());
  launch(nullptr, plan, backward, exchange.data());
  EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);

  Error forward_error, backward_error;
  const std::vector<T> all_y = y.host();
  for (std::size_t d = 0; d < D; ++d) {
    const auto& expected = problem.directions()[d];
    std::vector<T> own_y(rows * H);
    for (std::size_t i = 0; i < rows * H; ++i) own_y[i] = all_y[(i / H * D + d) * H + i % H];
    forward_error.add(gates[d].host().data(), expected.gates);
    forward_error.add(c[d].host().data(), expected.c);
    forward_error.add(own_y.data(), expected.y);
    backward_error.add(saved_gates[d].host().data(), expected.d_gates);
    backward_error.add(bias_sums[d].host().data(), expected.bias_sums);
  }
  return {forward_error.value(), backward_error.value()};
}

template <Arithmetic arithmetic>
void expect_agrees(const RecurrenceProblem& problem, const Launch& shape, double tolerance,
                   const Plan& plan) {
  SCOPED_TRACE(std::to_string(shape.units) + " units, " + plan.text() + ", at most " +
               std::to_string(plan.most_warps) + " warps" + (shape.is_dy_last ? ", dy of last steps" : ""));
  const Errors errors = errors_of<arithmetic>(problem, plan);
  EXPECT_LE(errors.forward, tolerance);
  EXPECT_LE(errors.backward, tolerance);
  const Errors again = errors_of<arithmetic>(problem, plan);
  EXPECT_EQ(again.forward, errors.forward);  // the same bits
  EXPECT_EQ(again.backward, errors.backward);
}

// In every way to cut it over clusters, and as it would be cut without.
template <Arithmetic arithmetic>
void expect_agrees(const RecurrenceProblem& problem, const Launch& shape, double tolerance) {
  const DeviceLimits limits = device_limits();
  DeviceLimits without_clusters = limits;
  without_clusters.clusters = {};
  for (const DeviceLimits& of : {limits, without_clusters}) {
    std::vector<Plan> plans = possible_plans(arithmetic, shape.units, shape.samples, shape.directions, of);
    if (plans.empty()) continue;  // fits into no multiprocessor of this GPU
    if (!plans.front().is_cluster) {
      plans = {make_plan(arithmetic, shape.units, shape.samples, shape.directions, of)};
    }
    for (const Plan& plan : plans) expect_agrees<arithmetic>(problem, shape, tolerance, plan);
  }
}

template <Arithmetic arithmetic>
void expect_agrees(double tolerance) {
  struct Case {
    int units, directions, samples, steps;
  };
  for (const Case& shape :
       {Case{8, 1, 1, 1}, Case{9, 1, 3, 4}, Case{21, 2, 7, 9}, Case{64, 1, 20, 12}, Case{130, 2, 5, 30},
        Case{320, 1, 64, 20}, Case{320, 2, 32, 40}, Case{333, 1, 40, 15}, Case{512, 2, 9, 10}}) {
    for (const bool is_dy_last : {false, true}) {
      const Launch launch{.arithmetic = arithmetic,
                          .units = shape.units,
                          .directions = shape.directions,
                          .samples = shape.samples,
                          .is_dy_last = is_dy_last};
      expect_agrees<arithmetic>(RecurrenceProblem(launch, shape.steps), launch, tolerance);
    }
  }
}

TEST_F(PersistentKernelsOnDevice, AgreeWithTheReferenceInFp32) {
  expect_agrees<Arithmetic::fp32>(1e-5);
}
TEST_F(PersistentKernelsOnDevice, AgreeWithTheReferenceInTf32) {
  expect_agrees<Arithmetic::tf32>(1e-2);
}
TEST_F(PersistentKernelsOnDevice, AgreeWithTheReferenceInBf16) {
  expect_agrees<Arithmetic::bf16>(6e-2);
}
TEST_F(PersistentKernelsOnDevice, AgreeWithTheReferenceInFp16) {
  expect_agrees<Arithmetic::fp16>(1e-2);
}

// Small enough for compute-sanitizer: one plan over clusters of 16 blocks, of which random shapes have none,
// or of the largest size that this GPU has.
template <Arithmetic arithmetic>
void expect_large_cluster_agrees(double tolerance) {
  const Launch shape{.arithmetic = arithmetic, .units = 131, .directions = 2, .samples = 3};
  std::vector<Plan> plans =
      possible_plans(arithmetic, shape.units, shape.samples, shape.directions, device_limits());
  std::erase_if(plans, [](const Plan& plan) { return !plan.is_cluster || plan.geometry.slice != 2; });
  if (plans.empty()) GTEST_SKIP() << "skipped: this GPU has no clusters";
  const auto largest = std::ranges::max_element(
      plans, {}, [](const Plan& plan) { return std::pair(plan.geometry.blocks, plan.most_warps); });
  expect_agrees<arithmetic>(RecurrenceProblem(shape, 5), shape, tolerance, *largest);
}

TEST_F(PersistentKernelsOnDevice, RunLargeClustersInFp32) {
  expect_large_cluster_agrees<Arithmetic::fp32>(1e-5);
}
TEST_F(PersistentKernelsOnDevice, RunLargeClustersInBf16) {
  expect_large_cluster_agrees<Arithmetic::bf16>(6e-2);
}

}  // namespace
}  // namespace lstm::cuda::persistent
