#include "lstm/peak.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "cpu/memory.h"
#include "cpu/peak/loops.h"
#include "cpu/thread_team.h"

namespace lstm {
namespace {

using Clock = std::chrono::steady_clock;

struct alignas(64) Share {
  double work = 0, seconds = 0;
};

// Repeats work(thread), which returns how much it did, on all threads at once until `seconds` have passed on
// each; returns the work a second. One pass before the start warms caches and clocks.
template <class Work>
double sustain(cpu::ThreadTeam& team, double seconds, const Work& work) {
  std::vector<Share> shares(static_cast<std::size_t>(team.threads()));
  team.run([&](int thread) {
    Share& share = shares[static_cast<std::size_t>(thread)];
    work(thread);
    team.barrier();
    const auto start = Clock::now();
    do {
      share.work += work(thread);
      share.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    } while (share.seconds < seconds);
  });
  double total = 0, slowest = 0;
  for (const Share& share : shares) {
    total += share.work;
    slowest = std::max(slowest, share.seconds);
  }
  return total / slowest;
}

double flops_per_second(cpu::ThreadTeam& team, double seconds, const cpu::FlopLoop& loop) {
  constexpr long kIterations = 5'000;  // well below a millisecond
  return sustain(team, seconds, [&](int) {
    loop.run(kIterations);
    return loop.flops * static_cast<double>(kIterations);
  });
}

template <class Loop, std::size_t kCount>
const Loop& best_available(const Loop (&loops)[kCount]) {
  return *std::find_if(loops, loops + kCount, [](const Loop& loop) { return is_available(loop.isa); });
}

// Every thread reads `floats` floats of its own again and again.
double read_bytes_per_second(cpu::ThreadTeam& team, double seconds, std::size_t floats) {
  const auto& loop = best_available(cpu::kReadLoops);
  std::vector<cpu::Memory> buffers;
  for (int thread = 0; thread < team.threads(); ++thread) buffers.emplace_back(floats * sizeof(float));
  std::vector<Share> sums(buffers.size());  // where results go, so that they are computed
  return sustain(team, seconds, [&](int thread) {
    const auto self = static_cast<std::size_t>(thread);
    const auto* const buffer = reinterpret_cast<const float*>(buffers[self].data());
    sums[self].work += static_cast<double>(loop.run(buffer, floats));
    return static_cast<double>(floats * sizeof(float));
  });
}

// Half an L2 cache, in floats.
std::size_t l2_floats() {
  constexpr long kUsual = 1L << 20;  // where the system does not say
  const long size = sysconf(_SC_LEVEL2_CACHE_SIZE);
  return static_cast<std::size_t>(size > 0 ? size : kUsual) / 2 / sizeof(float) / 256 * 256;
}

// 256 MiB a thread, less where there are many.
std::size_t memory_floats(int threads) {
  constexpr long kMebibyte = 1L << 20;
  const long bytes = std::clamp(1024 * kMebibyte / threads, 64 * kMebibyte, 256 * kMebibyte);
  return static_cast<std::size_t>(bytes) / sizeof(float) / 256 * 256;
}

void check(int threads, double seconds) {
  if (threads < 1)
    throw std::invalid_argument("threads: got " + std::to_string(threads) + ", expected at least 1");
  if (!(seconds > 0) || !std::isfinite(seconds)) {
    throw std::invalid_argument("seconds: got " + std::to_string(seconds) + ", expected more than 0");
  }
}

}  // namespace

Peak measure_peak(int threads, double seconds) {
  check(threads, seconds);
  cpu::ThreadTeam team(threads);
  Peak peak;
  peak.threads = threads;
  peak.fp32_flops = flops_per_second(team, seconds, best_available(cpu::kFp32Loops));
  if (is_available(Isa::avx512bf16)) peak.bf16_dot_flops = flops_per_second(team, seconds, cpu::kBf16DotLoop);
  if (is_available(Isa::amx)) peak.amx_bf16_flops = flops_per_second(team, seconds, cpu::kAmxLoop);
  peak.l2_bytes_per_second = read_bytes_per_second(team, seconds, l2_floats());
  peak.memory_bytes_per_second = read_bytes_per_second(team, seconds, memory_floats(threads));
  return peak;
}

double measure_dtype_peak(DType dtype, int threads, double seconds) {
  check(threads, seconds);
  cpu::ThreadTeam team(threads);
  const auto measure = [&](const cpu::FlopLoop& loop) { return flops_per_second(team, seconds, loop); };
  if (dtype == DType::fp64) return measure(best_available(cpu::kFp64Loops));
  const double bf16_products = dtype == DType::bf16x3 ? 3.0 : 1.0;
  if (dtype != DType::fp32 && is_available(Isa::amx)) return measure(cpu::kAmxLoop) / bf16_products;
  if (dtype != DType::fp32 && is_available(Isa::avx512bf16))
    return measure(cpu::kBf16DotLoop) / bf16_products;
  return measure(best_available(cpu::kFp32Loops));
}

}  // namespace lstm
