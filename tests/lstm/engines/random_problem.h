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
  // The same without the head, too.
  RandomProblem without_head() const;
  // The same with NaN in x behind each sample's length.
  RandomProblem with_spoilt_padding() const;
  // The same with the longest samples first, as packed rows have them.
  RandomProblem with_descending_lengths() const;

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

// fp32 rounding over some dozens of steps and a few layers, with room for what cancels where a class is
// nearly certain; a wrong formula is off by percents.
inline constexpr double kFp32Tolerance = 1e-4;
// How far an engine that computes in `dtype` may be off, relative to the norm of a tensor's gradient.
//
// fp32: kFp32Tolerance.
//
// bf16: every operand of a product is off by up to 2^-8 of itself, and so are saved gates and outputs. A
// gradient is a sum of products of such numbers along all paths through layers and steps; their errors are
// independent, so they add like a random walk. Twenty times 2^-8 for a path through one layer of up to 32
// steps leaves room for what cancels between few samples.
//
// bf16x3: two parts are off by up to 2^-16; that both roundings are at their worst is rare, so five times
// suffices.
double tolerance(const RandomProblem& problem, DType dtype);

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
