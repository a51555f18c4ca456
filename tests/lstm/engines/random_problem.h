// Random networks with random data for tests of engines, from a seed.
#pragma once

#include <cstdint>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "lstm/engine.h"

namespace lstm::testing {

struct RandomProblem {
  // Everything random: 1..4 layers, both directions and losses, sizes of 1 and around vector widths, equal
  // and unequal lengths, losses that read less than the LSTM runs, repeated labels, none at all, and now and
  // then more than fit.
  explicit RandomProblem(std::uint32_t seed);
  // Of this network, for a full batch of this shape.
  RandomProblem(const Network& network, const BatchShape& shape, std::uint32_t seed);

  Batch batch() const;
  std::string text() const;  // for messages
  // The same network and x under a loss that the caller computes.
  RandomProblem with_custom_loss() const;
  // The same with NaN in x behind each sample's length.
  RandomProblem with_spoilt_padding() const;

  std::uint32_t seed;
  Network network;
  BatchShape shape;
  std::vector<float> x;
  std::vector<std::int32_t> lengths, loss_lengths, labels, label_lengths;
  std::vector<float> parameters;

 private:
  void fill(std::mt19937& random);
};

// How many random problems a test looks at: LSTM_TEST_SHAPES, or `otherwise`. Throws std::invalid_argument
// where that is no number of at least 1.
int shape_count(int otherwise);

// An engine with the problem's parameters.
std::unique_ptr<Engine> engine_for(const RandomProblem& problem, std::string_view name,
                                   const EngineOptions& options);

struct StepResult {
  double loss = 0;
  std::vector<double> gradients;
};

// As exact as the engine has them.
std::vector<double> gradients_of(Engine& engine);
// load, forward, loss, backward.
StepResult loss_and_gradients(Engine& engine, const Batch& batch);
StepResult reference_result(const RandomProblem& problem);

// Expects `got` to be `expected` within `tolerance`, for each tensor relative to its norm (or to a hundredth
// of the largest norm, where it is smaller than that).
void expect_close(const StepResult& got, const StepResult& expected, const ParameterLayout& layout,
                  double tolerance, const std::string& what);

// Names of all engines that compute in fp32, and the instruction sets for which they have kernels and which
// this machine has.
std::vector<std::string> fp32_engines();
std::vector<Isa> available_isas();

// Everything that engine_kinds() lists.
struct EngineAndDType {
  std::string engine;
  DType dtype;

  std::string text() const;  // "sequence_bf16"
  // For GoogleTest, which would print bytes.
  friend std::ostream& operator<<(std::ostream& out, const EngineAndDType& one) { return out << one.text(); }
};
std::vector<EngineAndDType> every_engine_and_dtype();

}  // namespace lstm::testing
