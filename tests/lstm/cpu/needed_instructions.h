// What a skipped test lacks.
#pragma once

#include <string>

#include "lstm/cpu.h"

namespace lstm::testing {

inline std::string needed_instructions(Isa isa) {
  if (isa == Isa::amx) return "amx-bf16";
  if (isa == Isa::avx512bf16) return "avx512-bf16";
  return std::string(name(isa));
}

}  // namespace lstm::testing
