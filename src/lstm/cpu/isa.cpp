#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

#include "lstm/cpu.h"

namespace lstm {
namespace {

struct Leaf {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
};

// All zero where the processor has no such leaf.
Leaf cpuid(unsigned leaf, unsigned subleaf) {
  Leaf r;
  if (__get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx) == 0) return {};
  return r;
}

constexpr bool bit(unsigned word, int index) {
  return (word >> index & 1u) != 0;
}

// XCR0: which register states the operating system saves. Faults unless CPUID says OSXSAVE.
std::uint64_t enabled_states() {
  std::uint32_t low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return std::uint64_t{high} << 32 | low;
}

// Linux hands out the 8 KiB of tile registers only to processes that ask (Linux 5.16,
// Documentation/arch/x86/xstate.rst).
bool kernel_permits_tiles() {
  constexpr int kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr int kTileData = 18;               // XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

// Bit positions: Intel SDM volume 2A, CPUID; states: volume 1, section 13.3.
Isa detect() {
  constexpr std::uint64_t kAvxState = 0x6, kAvx512State = 0xe6, kTileState = 0x60000;
  const Leaf base = cpuid(1, 0), extended = cpuid(7, 0), extended1 = cpuid(7, 1);
  if (!bit(base.ecx, 27)) return Isa::portable;  // OSXSAVE
  const std::uint64_t states = enabled_states();
  const auto saves = [states](std::uint64_t mask) { return (states & mask) == mask; };

  const bool avx2 = saves(kAvxState) && bit(base.ecx, 28) && bit(base.ecx, 12) && bit(extended.ebx, 5);
  if (!avx2) return Isa::portable;
  const bool avx512 = saves(kAvx512State) && bit(extended.ebx, 16) && bit(extended.ebx, 17) &&
                      bit(extended.ebx, 30) && bit(extended.ebx, 31);  // F, DQ, BW, VL
  if (!avx512) return Isa::avx2;
  if (!bit(extended1.eax, 5)) return Isa::avx512;                                          // AVX512_BF16
  const bool amx = saves(kTileState) && bit(extended.edx, 22) && bit(extended.edx, 24) &&  // AMX-BF16, -TILE
                   kernel_permits_tiles();
  return amx ? Isa::amx : Isa::avx512bf16;
}

}  // namespace

std::string_view name(Isa isa) {
  switch (isa) {
    case Isa::portable:
      return "portable";
    case Isa::avx2:
      return "avx2";
    case Isa::avx512:
      return "avx512";
    case Isa::avx512bf16:
      return "avx512bf16";
    case Isa::amx:
      return "amx";
  }
  return "unknown";
}

Isa detected_isa() {
  static const Isa detected = detect();
  return detected;
}

bool is_available(Isa isa) {
  return isa <= detected_isa();
}

}  // namespace lstm
