// A fixture for what holds of every engine in every type of numbers that it lists.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "lstm/engines/random_problem.h"

namespace lstm::testing {

constexpr Isa kEveryIsa[] = {Isa::portable, Isa::avx2, Isa::avx512, Isa::avx512bf16, Isa::amx};

class EveryEngineAndDType : public ::testing::TestWithParam<EngineAndDType> {
 protected:
  static std::unique_ptr<Engine> engine_for(const RandomProblem& problem, EngineOptions options = {}) {
    options.dtype = GetParam().dtype;
    return testing::engine_for(problem, GetParam().engine, options);
  }
  static double tolerance(const RandomProblem& problem) {
    return testing::tolerance(problem, GetParam().dtype);
  }
};

}  // namespace lstm::testing
