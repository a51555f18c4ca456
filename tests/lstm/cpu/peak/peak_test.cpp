#include "lstm/peak.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include "cpu/memory.h"
#include "cpu/peak/loops.h"

namespace lstm {
namespace {

TEST(Peak, HasEveryFigureThatTheMachineHas) {
  const Peak peak = measure_peak(2, 0.002);
  EXPECT_EQ(peak.threads, 2);
  for (const double figure : {peak.fp32_flops, peak.l2_bytes_per_second, peak.memory_bytes_per_second}) {
    EXPECT_TRUE(std::isfinite(figure));
    EXPECT_GT(figure, 1e6);
  }
  EXPECT_EQ(peak.bf16_dot_flops.has_value(), is_available(Isa::avx512bf16));
  EXPECT_EQ(peak.amx_bf16_flops.has_value(), is_available(Isa::amx));
  EXPECT_GT(peak.bf16_dot_flops.value_or(1e9), 1e6);
  EXPECT_GT(peak.amx_bf16_flops.value_or(1e9), 1e6);
}

TEST(Peak, ExistsForEveryNumberFormat) {
  for (const DType dtype : {DType::fp32, DType::bf16, DType::bf16x3, DType::fp64}) {
    const double flops = measure_dtype_peak(dtype, 1, 0.002);
    EXPECT_TRUE(std::isfinite(flops));
    EXPECT_GT(flops, 1e6);
  }
}

TEST(Peak, RejectsWhatCannotBeMeasured) {
  EXPECT_THROW(measure_peak(0), std::invalid_argument);
  EXPECT_THROW(measure_dtype_peak(DType::fp32, -1), std::invalid_argument);
  EXPECT_THROW(measure_dtype_peak(DType::fp32, 1, 0.0), std::invalid_argument);
  EXPECT_THROW(measure_peak(1, std::numeric_limits<double>::quiet_NaN()), std::invalid_argument);
}

// A loop that skipped part of its buffer would report a bandwidth that nobody has: the sum tells.
TEST(ReadLoops, ReadEveryFloat) {
  constexpr std::size_t kCount = 2048;
  const cpu::Memory memory(kCount * sizeof(float));
  auto* const buffer = reinterpret_cast<float*>(memory.data());
  for (std::size_t i = 0; i < kCount; ++i) buffer[i] = 1.0f;
  for (const cpu::ReadLoop& loop : cpu::kReadLoops) {
    if (!is_available(loop.isa)) continue;
    const int lanes = loop.isa == Isa::avx512 ? 16 : loop.isa == Isa::avx2 ? 8 : 1;
    EXPECT_EQ(loop.run(buffer, kCount), static_cast<float>(kCount) / static_cast<float>(lanes))
        << name(loop.isa);
  }
}

}  // namespace
}  // namespace lstm
