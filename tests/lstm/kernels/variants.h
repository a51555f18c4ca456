// A kernel table's variants as the parameters of a test: by their names.
#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <span>
#include <string>

#include "kernels/table.h"

namespace lstm::kernels {

template <class Function>
void PrintTo(const Variant<Function>& variant, std::ostream* out) {
  *out << variant.name;
}

template <class Function>
auto all_of(std::span<const Variant<Function>> table) {
  return ::testing::ValuesIn(table.begin(), table.end());
}

template <class Function>
std::string name_of(const ::testing::TestParamInfo<Variant<Function>>& tested) {
  return std::string(tested.param.name);
}

}  // namespace lstm::kernels
