// Which instruction sets this machine offers, and how to hold the engines to one of them.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace lstm {

// Levels of x86 instruction sets; each but amx includes the ones before it (amx includes avx512bf16).
enum class Isa { portable, avx2, avx512, avx512bf16, amx };

std::string_view name(Isa isa);
// "portable", "avx2", "avx512", "avx512bf16", "amx"; nothing for any other text.
std::optional<Isa> isa_from_name(std::string_view text);

// What processor and operating system together allow (CPUID, XCR0, and for AMX the kernel's permission, which
// this asks for on its first call).
bool is_available(Isa isa);
// The best available one.
Isa detected_isa();

// Subnormal numbers count as zero on the calling thread from now on (FTZ and DAZ); engines do this by
// themselves while they compute, and leave the caller's setting as it was.
void flush_denormals();

}  // namespace lstm
