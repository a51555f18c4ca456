// Registers one benchmark for each variant of a kernel table.
#pragma once

#include <benchmark/benchmark.h>

#include <cstddef>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernels/table.h"
#include "lstm/cpu.h"

namespace lstm::microbench {

// "operation/problem/variant", running body(state, function). What the machine lacks is named and skipped.
template <class Function, class Body>
void register_variants(std::span<const kernels::Variant<Function>> table, const std::string& problem,
                       Body body) {
  for (const auto& variant : table) {
    const std::string name = problem + "/" + std::string(variant.name);
    benchmark::RegisterBenchmark(name.c_str(), [variant, body](benchmark::State& state) {
      if (!is_available(variant.isa)) {
        state.SkipWithError(("skipped: needs " + std::string(lstm::name(variant.isa))).c_str());
        return;
      }
      flush_denormals();
      body(state, variant.function);
    });
  }
}

// Shown as GFLOP/s and the like: `per_iteration` operations or bytes.
inline void set_rate(benchmark::State& state, const char* unit, double per_iteration) {
  state.counters[unit] = benchmark::Counter(per_iteration, benchmark::Counter::kIsIterationInvariantRate,
                                            benchmark::Counter::kIs1000);
}

inline std::vector<float> random_floats(std::size_t count, float spread = 1.0f) {
  std::mt19937 random(11);
  std::uniform_real_distribution<float> uniform(-spread, spread);
  std::vector<float> values(count);
  for (float& value : values) value = uniform(random);
  return values;
}

}  // namespace lstm::microbench
