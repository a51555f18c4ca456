#include "cuda/math/numbers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace lstm::cuda {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(Bf16, RoundsToNearestEven) {
  EXPECT_EQ(rounded<Bf16>(1.0f).bits, 0x3f80);
  EXPECT_EQ(rounded<Bf16>(1.0f + 1.0f / 256).bits, 0x3f80);  // half way, down to even
  EXPECT_EQ(rounded<Bf16>(1.0f + 3.0f / 256).bits, 0x3f82);  // half way, up to even
  EXPECT_EQ(rounded<Bf16>(1.0f + 1.01f / 256).bits, 0x3f81);
  EXPECT_EQ(rounded<Bf16>(-2.5f).bits, 0xc020);
  EXPECT_EQ(rounded<Bf16>(std::numeric_limits<float>::max()).bits, 0x7f80);  // infinity
  EXPECT_TRUE(std::isnan(to_float(rounded<Bf16>(std::nanf("")))));
}

TEST(Fp16, RoundsToNearestEven) {
  EXPECT_EQ(rounded<Fp16>(1.0f).bits, 0x3c00);
  EXPECT_EQ(rounded<Fp16>(1.0f + 1.0f / 2048).bits, 0x3c00);
  EXPECT_EQ(rounded<Fp16>(1.0f + 3.0f / 2048).bits, 0x3c02);
  EXPECT_EQ(rounded<Fp16>(-0.0f).bits, 0x8000);
  EXPECT_EQ(rounded<Fp16>(65504.0f).bits, 0x7bff);  // the largest
  EXPECT_EQ(rounded<Fp16>(65519.0f).bits, 0x7bff);
  EXPECT_EQ(rounded<Fp16>(65520.0f).bits, 0x7c00);
  EXPECT_EQ(rounded<Fp16>(-kInfinity).bits, 0xfc00);
  EXPECT_EQ(rounded<Fp16>(std::ldexp(1.0f, -14)).bits, 0x0400);  // the smallest normal one
  EXPECT_EQ(rounded<Fp16>(std::ldexp(1.0f, -24)).bits, 0x0001);  // the smallest
  EXPECT_EQ(rounded<Fp16>(std::ldexp(1.0f, -25)).bits, 0x0000);  // half of it, down to even
  EXPECT_EQ(rounded<Fp16>(std::ldexp(1.01f, -25)).bits, 0x0001);
  EXPECT_EQ(rounded<Fp16>(std::ldexp(3.0f, -25)).bits, 0x0002);
  EXPECT_TRUE(std::isnan(to_float(rounded<Fp16>(std::nanf("")))));
}

TEST(Fp16, EveryNumberComesBackAsItIs) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const Fp16 number{static_cast<std::uint16_t>(bits)};
    const float value = to_float(number);
    if (std::isnan(value)) continue;
    ASSERT_EQ(rounded<Fp16>(value).bits, number.bits) << bits;
  }
}

TEST(Bf16, EveryNumberComesBackAsItIs) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const Bf16 number{static_cast<std::uint16_t>(bits)};
    const float value = to_float(number);
    if (std::isnan(value)) continue;
    ASSERT_EQ(rounded<Bf16>(value).bits, number.bits) << bits;
  }
}

}  // namespace
}  // namespace lstm::cuda
