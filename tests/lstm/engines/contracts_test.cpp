// What lstm/engine.h promises of every engine in every type of numbers that it lists.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "lstm/engines/every_engine_and_dtype.h"
#include "lstm/engines/training_controls.h"

namespace lstm {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::RandomProblem;
using testing::StepResult;
using ::testing::ThrowsMessage;

class Contract : public testing::EveryEngineAndDType {};

INSTANTIATE_TEST_SUITE_P(, Contract, ::testing::ValuesIn(testing::every_engine_and_dtype()),
                         [](const auto& parameter) { return parameter.param.text(); });

TEST_P(Contract, NeverReadsPadding) {
  for (std::uint32_t seed = 320; seed < 340; ++seed) {
    const RandomProblem problem(seed);
    const RandomProblem spoilt = problem.with_spoilt_padding();
    const auto engine = engine_for(problem, {.threads = 2});
    const StepResult expected = testing::loss_and_gradients(*engine, problem.batch());
    const StepResult got = testing::loss_and_gradients(*engine, spoilt.batch());
    EXPECT_EQ(got.loss, expected.loss) << problem.text();
    EXPECT_EQ(got.gradients, expected.gradients) << problem.text();
  }
}

TEST_P(Contract, TellsTheLossBehindBackward) {
  for (std::uint32_t seed = 600; seed < 610; ++seed) {
    const RandomProblem problem(seed);
    testing::expect_started_loss(*engine_for(problem, {.threads = 2}), problem);
    if (HasFailure()) return;
  }
}

// Numbers below 2^-126 cost many processors a hundred cycles each, so the engines flush them to zero: nothing
// that they compute may be one. The gradients of such a problem pass through all magnitudes down to there.
TEST_P(Contract, FlushesNumbersThatUnderflow) {
  if (GetParam().dtype == DType::fp64) return;  // whose numbers do not underflow here
  const Network network{.inputs = 5, .units = 18, .layers = 2, .directions = 2, .classes = 7};
  RandomProblem problem(network, {4, 40, 2}, 6);
  for (float& x : problem.x) x *= 1e-27f;
  for (float& parameter : problem.parameters) parameter *= 1e-3f;
  for (const Isa isa : testing::kEveryIsa) {
    if (!is_available(isa)) continue;
    for (const int threads : {1, 2}) {
      const auto engine = engine_for(problem, {.threads = threads, .isa = isa});
      const StepResult got = testing::loss_and_gradients(*engine, problem.batch());
      engine->update();
      int zeros = 0, tiny = 0;
      for (const double gradient : got.gradients) {
        ASSERT_TRUE(gradient == 0 || std::abs(gradient) >= std::numeric_limits<float>::min()) << gradient;
        zeros += gradient == 0;
        tiny += gradient != 0 && std::abs(gradient) < 1e-30;
      }
      EXPECT_GT(zeros, 0) << name(isa);
      EXPECT_GT(tiny, 0) << name(isa);
      for (const float parameter : engine->parameters()) ASSERT_NE(std::fpclassify(parameter), FP_SUBNORMAL);
    }
  }
}

TEST_P(Contract, RefusesAnInstructionSetThatTheMachineLacks) {
  if (GetParam().engine == "reference") return;  // plain loops on every machine
  const RandomProblem problem(1);
  for (const Isa isa : testing::kEveryIsa) {
    if (is_available(isa)) {
      EXPECT_NO_THROW(engine_for(problem, {.isa = isa})) << name(isa);
    } else {
      EXPECT_THAT([&] { engine_for(problem, {.isa = isa}); },
                  ThrowsMessage<std::invalid_argument>(
                      AllOf(HasSubstr(fmt::format("got {},", name(isa))), HasSubstr(name(detected_isa())))));
    }
  }
}

}  // namespace
}  // namespace lstm
