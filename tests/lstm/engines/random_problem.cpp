#include "lstm/engines/random_problem.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <stdexcept>

namespace lstm::testing {
namespace {

int pick(std::mt19937& random, const std::vector<int>& choices) {
  return choices[random() % choices.size()];
}

int between(std::mt19937& random, int first, int last) {
  return first + static_cast<int>(random() % static_cast<unsigned>(last - first + 1));
}

bool fits(const std::vector<std::int32_t>& labels, int steps) {
  int needed = static_cast<int>(labels.size());
  for (std::size_t i = 1; i < labels.size(); ++i) needed += labels[i] == labels[i - 1] ? 1 : 0;
  return needed <= steps;
}

double norm(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return std::sqrt(sum);
}

const char* loss_name(Loss loss) {
  switch (loss) {
    case Loss::cross_entropy:
      return "cross-entropy";
    case Loss::ctc:
      return "CTC";
    case Loss::custom:
      break;
  }
  return "custom loss";
}

}  // namespace

RandomProblem::RandomProblem(std::uint32_t seed_) : seed(seed_) {
  std::mt19937 random(seed);
  network.inputs = pick(random, {1, 2, 3, 7, 16, 17, 40});
  network.units = pick(random, {1, 2, 5, 8, 15, 16, 17, 31, 33, 48});
  network.layers = pick(random, {1, 1, 2, 3, 4});
  network.directions = between(random, 1, 2);
  network.classes = pick(random, {2, 3, 10, 17, 59});
  network.loss = random() % 2 == 0 ? Loss::ctc : Loss::cross_entropy;
  shape = {pick(random, {1, 2, 3, 7, 8, 16, 19}), pick(random, {1, 2, 3, 9, 14, 21}), between(random, 0, 6)};
  fill(random);
}

RandomProblem::RandomProblem(const Network& network_, const BatchShape& shape_, std::uint32_t seed_)
    : seed(seed_), network(network_), shape(shape_) {
  std::mt19937 random(seed);
  fill(random);
}

void RandomProblem::fill(std::mt19937& random) {
  std::uniform_real_distribution<float> uniform(-1, 1);
  const int N = shape.samples, T = shape.time_steps;
  x.resize(static_cast<std::size_t>(N) * T * network.inputs);
  for (float& value : x) value = uniform(random);
  const bool has_equal_lengths = random() % 3 == 0, loss_reads_all = random() % 2 == 0;
  for (int n = 0; n < N; ++n) {
    lengths.push_back(has_equal_lengths ? T : between(random, 1, T));
    if (network.loss == Loss::custom) continue;
    if (network.loss == Loss::cross_entropy) {
      labels.push_back(between(random, 0, network.classes - 1));
      continue;
    }
    loss_lengths.push_back(loss_reads_all ? lengths.back() : between(random, 1, lengths.back()));
    std::vector<std::int32_t> sequence(static_cast<std::size_t>(between(random, 0, shape.max_labels)));
    for (auto& label : sequence) label = between(random, 1, network.classes - 1);
    const bool may_not_fit = random() % 20 == 0;
    while (!may_not_fit && !fits(sequence, loss_lengths.back())) sequence.pop_back();
    label_lengths.push_back(static_cast<std::int32_t>(sequence.size()));
    labels.insert(labels.end(), sequence.begin(), sequence.end());
  }
  parameters.resize(ParameterLayout(network).size());
  const float bound = 1.5f / std::sqrt(static_cast<float>(network.units));
  for (float& parameter : parameters) parameter = bound * uniform(random);
}

Batch RandomProblem::batch() const {
  return {shape.samples, shape.time_steps, x, lengths, loss_lengths, labels, label_lengths};
}

std::string RandomProblem::text() const {
  return fmt::format("seed {}: {}x{} {} directions, {}, N={} T={} C={} V={} S={}", seed, network.layers,
                     network.units, network.directions, loss_name(network.loss), shape.samples,
                     shape.time_steps, network.inputs, network.classes, shape.max_labels);
}

RandomProblem RandomProblem::with_custom_loss() const {
  RandomProblem custom = *this;
  custom.network.loss = Loss::custom;
  for (auto* unused : {&custom.loss_lengths, &custom.labels, &custom.label_lengths}) unused->clear();
  return custom;
}

RandomProblem RandomProblem::without_head() const {
  RandomProblem headless = with_custom_loss();
  headless.network.classes = 0;
  headless.parameters.resize(ParameterLayout(headless.network).size());  // the head is the last of them
  return headless;
}

RandomProblem RandomProblem::with_spoilt_padding() const {
  RandomProblem spoilt = *this;
  for (int n = 0; n < shape.samples; ++n) {
    const int C = network.inputs, T = shape.time_steps;
    const auto sample = spoilt.x.begin() + static_cast<std::ptrdiff_t>(n) * T * C;
    std::fill(sample + lengths[static_cast<std::size_t>(n)] * C, sample + T * C,
              std::numeric_limits<float>::quiet_NaN());
  }
  return spoilt;
}

RandomProblem RandomProblem::with_descending_lengths() const {
  RandomProblem sorted = *this;
  std::ranges::sort(sorted.lengths, std::greater<>());
  for (std::size_t n = 0; n < sorted.loss_lengths.size(); ++n)
    sorted.loss_lengths[n] = std::min(sorted.loss_lengths[n], sorted.lengths[n]);
  return sorted;
}

std::unique_ptr<Engine> engine_for(const RandomProblem& problem, std::string_view name,
                                   const EngineOptions& options) {
  auto engine = make_engine(name, problem.network, problem.shape, options);
  std::copy(problem.parameters.begin(), problem.parameters.end(), engine->parameters().begin());
  return engine;
}

double tolerance(const RandomProblem& problem, DType dtype) {
  if (dtype == DType::fp64) return 1e-6;  // where floats are read
  if (dtype == DType::fp32) return kFp32Tolerance;
  const double depth = std::max(1.0, problem.shape.time_steps / 32.0) * problem.network.layers;
  // In networks of one or two units gradients cancel: their errors are of what they are the difference of.
  const double cancelling = problem.network.units == 1 ? 4 : problem.network.units == 2 ? 2 : 1;
  return cancelling * (dtype == DType::bf16 ? 20 * 0x1p-8 : 5 * 0x1p-16) * std::sqrt(depth);
}

std::vector<double> gradients_of(Engine& engine) {
  const std::span<const double> exact = engine.gradients_fp64();
  if (!exact.empty()) return {exact.begin(), exact.end()};
  const std::span<const float> gradients = engine.gradients();
  return {gradients.begin(), gradients.end()};
}

StepResult loss_and_gradients(Engine& engine, const Batch& batch) {
  engine.load(batch);
  engine.forward();
  StepResult result{engine.loss(), {}};
  engine.backward();
  result.gradients = gradients_of(engine);
  return result;
}

StepResult reference_result(const RandomProblem& problem) {
  const auto engine = engine_for(problem, "reference", {.dtype = DType::fp64});
  return loss_and_gradients(*engine, problem.batch());
}

void expect_close(const StepResult& got, const StepResult& expected, const ParameterLayout& layout,
                  double tolerance, const std::string& what) {
  ASSERT_EQ(got.gradients.size(), layout.size());
  if (std::isfinite(expected.loss)) {
    EXPECT_NEAR(got.loss, expected.loss, tolerance * std::max(1.0, std::abs(expected.loss)))
        << what << ": loss";
  } else {
    EXPECT_EQ(got.loss, expected.loss) << what << ": loss";
  }
  const auto part = [](const StepResult& result, const ParameterTensor& tensor) {
    return std::span(result.gradients).subspan(tensor.offset, tensor.size());
  };
  double largest = 0;
  for (const auto& tensor : layout.tensors()) largest = std::max(largest, norm(part(expected, tensor)));
  for (const auto& tensor : layout.tensors()) {
    std::vector<double> difference;
    const auto a = part(got, tensor), b = part(expected, tensor);
    std::transform(a.begin(), a.end(), b.begin(), std::back_inserter(difference), std::minus<>());
    EXPECT_LE(norm(difference), tolerance * std::max(norm(b), 1e-2 * largest))
        << what << ": gradient of " << tensor.name << " of norm " << norm(b) << ", tolerance " << tolerance
        << " of it";
  }
}

int shape_count(int otherwise) {
  const char* text = std::getenv("LSTM_TEST_SHAPES");
  if (text == nullptr) return otherwise;
  const std::string_view digits(text);
  int count = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  if (error != std::errc() || end != digits.data() + digits.size() || count < 1) {
    throw std::invalid_argument(
        fmt::format("LSTM_TEST_SHAPES: got \"{}\", expected a number of at least 1", text));
  }
  return count;
}

std::vector<std::string> fp32_engines() {
  std::vector<std::string> names;
  for (const EngineKind& kind : engine_kinds()) {
    if (std::count(kind.dtypes.begin(), kind.dtypes.end(), DType::fp32) > 0) names.emplace_back(kind.name);
  }
  return names;
}

std::vector<Isa> available_isas() {
  std::vector<Isa> isas;
  for (const Isa isa : {Isa::portable, Isa::avx2, Isa::avx512}) {
    if (is_available(isa)) isas.push_back(isa);
  }
  return isas;
}

std::string EngineAndDType::text() const {
  return fmt::format("{}_{}", engine, name(dtype));
}

std::vector<EngineAndDType> every_engine_and_dtype() {
  std::vector<EngineAndDType> all;
  for (const EngineKind& kind : engine_kinds()) {
    for (const DType dtype : kind.dtypes) all.push_back({std::string(kind.name), dtype});
  }
  return all;
}

}  // namespace lstm::testing
