// A kernel table: the variants of one operation, best first. Dispatch, tests and micro-benchmarks iterate it.
#pragma once

#include <span>
#include <string_view>

#include "lstm/cpu.h"

namespace lstm::kernels {

template <class Function>
struct Variant {
  std::string_view name;
  Isa isa;  // what it needs
  Function function;
};

// The first variant that runs at level `isa` (which the caller has checked to be available).
template <class Function>
const Variant<Function>& select(std::span<const Variant<Function>> table, Isa isa) {
  for (const auto& variant : table) {
    if (variant.isa <= isa) return variant;
  }
  return table.back();  // the portable one, always last
}

}  // namespace lstm::kernels
