#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <thread>
#include <unordered_set>

#include "lstm/cpu.h"

namespace lstm {
namespace {

// What the kernel lists in /proc/cpuinfo: an opinion that does not come from our CPUID code.
std::unordered_set<std::string> kernel_flags() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("flags")) continue;
    std::istringstream words(line.substr(line.find(':') + 1));
    std::unordered_set<std::string> flags;
    for (std::string word; words >> word;) flags.insert(word);
    return flags;
  }
  return {};
}

TEST(Isa, DetectionAgreesWithTheKernel) {
  const auto flags = kernel_flags();
  if (flags.empty()) GTEST_SKIP() << "/proc/cpuinfo lists no flags";
  const auto has_all = [&](std::initializer_list<const char*> wanted) {
    for (const char* flag : wanted) {
      if (!flags.contains(flag)) return false;
    }
    return true;
  };
  const bool avx2 = has_all({"avx2", "fma"});
  const bool avx512 = avx2 && has_all({"avx512f", "avx512bw", "avx512dq", "avx512vl"});
  EXPECT_TRUE(is_available(Isa::portable));
  EXPECT_EQ(is_available(Isa::avx2), avx2);
  EXPECT_EQ(is_available(Isa::avx512), avx512);
  EXPECT_EQ(is_available(Isa::avx512bf16), avx512 && has_all({"avx512_bf16"}));
  // AMX needs the kernel's permission, which a sandbox may refuse though the processor could.
  if (is_available(Isa::amx)) {
    EXPECT_TRUE(has_all({"amx_tile", "amx_bf16", "avx512_bf16"}));
  }
}

TEST(Isa, DetectedIsTheBestAvailable) {
  const Isa best = detected_isa();
  EXPECT_TRUE(is_available(best));
  if (best == Isa::amx) return;
  EXPECT_FALSE(is_available(static_cast<Isa>(static_cast<int>(best) + 1)));
}

TEST(Denormals, AreZeroOnlyWhereFlushed) {
  const auto halve_smallest = [] {
    volatile float smallest = std::numeric_limits<float>::min();
    return smallest * 0.5f;
  };
  std::thread([&] {
    EXPECT_GT(halve_smallest(), 0.0f);
    flush_denormals();
    EXPECT_EQ(halve_smallest(), 0.0f);
    volatile float subnormal = std::numeric_limits<float>::denorm_min();
    EXPECT_EQ(subnormal * 1e30f, 0.0f);
  }).join();
}

}  // namespace
}  // namespace lstm
