#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <functional>

#include "check/check.h"
#include "store/database.h"
#include "temporary_directory.h"
#include "workload/npy.h"
#include "workload/problem.h"

namespace lstmbench {
namespace {

using testing::HasSubstr;

Workload tiny() {
  Workload workload;
  workload.name = "tiny";
  workload.layers = 2;
  workload.units = 2;
  workload.directions = 2;
  workload.classes = 3;
  workload.samples = 1;
  workload.time_steps = workload.min_length = 4;
  workload.channels = 3;
  return workload;
}

constexpr double limit = 1e-3;

// Gradients on disk, the parameters of the problem standing in for them, each changed by change(tensor).
class Gradients {
 public:
  explicit Gradients(const std::function<void(ParameterTensor&)>& change = [](ParameterTensor&) {}) {
    for (ParameterTensor& tensor : make_problem(tiny()).parameters) {
      change(tensor);
      const std::vector<std::size_t> shape(tensor.shape.begin(), tensor.shape.end());
      write_npy(directory_ / (tensor.name + ".npy"), tensor.values, shape);
    }
  }
  const std::filesystem::path& path() const { return directory_.path(); }

 private:
  TemporaryDirectory directory_;
};

CheckResult compare(const Gradients& gradients, double loss = 2.0, const Gradients& reference = Gradients()) {
  return compare_gradients(tiny(), loss, gradients.path(), 2.0, reference.path(), limit);
}

std::function<void(ParameterTensor&)> scale(const std::string& name, float factor) {
  return [=](ParameterTensor& tensor) {
    if (tensor.name != name) return;
    for (float& value : tensor.values) value *= factor;
  };
}

TEST(CompareGradients, EqualOnesPass) {
  const CheckResult result = compare(Gradients());
  EXPECT_TRUE(result.passed);
  EXPECT_EQ(result.explanation, "");
  EXPECT_EQ(result.errors.size(), 1u + 2 * 2 * 4 + 1);
  EXPECT_EQ(result.errors.front().name, "loss");
  EXPECT_EQ(result.worst.relative_error, 0);
}

TEST(CompareGradients, ErrorsAreRelativeToEachTensorsNorm) {
  for (const char* name : {"layer0.forward.W", "layer1.reverse.b_R", "head"}) {
    const CheckResult within = compare(Gradients(scale(name, 1.0009f)));
    EXPECT_TRUE(within.passed) << within.explanation;
    EXPECT_EQ(within.worst.name, std::string("gradient of ") + name);
    EXPECT_NEAR(within.worst.relative_error, 9e-4, 1e-6);
    const CheckResult beyond = compare(Gradients(scale(name, 1.0011f)));
    EXPECT_FALSE(beyond.passed);
    EXPECT_THAT(beyond.explanation, HasSubstr(std::string("gradient of ") + name + " is 1.1e-03 off"));
  }
}

TEST(CompareGradients, AMissingGradientIsItsWholeNormOff) {
  const CheckResult result = compare(Gradients(scale("layer0.reverse.b_W", 0)));
  EXPECT_FALSE(result.passed);
  EXPECT_NEAR(result.worst.relative_error, 1, 1e-12);
}

TEST(CompareGradients, AZeroReferenceIsMeasuredAgainstAllGradients) {
  const Gradients reference(scale("layer0.forward.R", 0));
  EXPECT_TRUE(compare(Gradients(scale("layer0.forward.R", 1e-12f)), 2, reference).passed);
  EXPECT_FALSE(compare(Gradients(scale("layer0.forward.R", 1e-3f)), 2, reference).passed);
}

TEST(CompareGradients, ValuesThatAreNotFiniteNeverPass) {
  for (const float value : {NAN, INFINITY, -INFINITY}) {
    const CheckResult result = compare(Gradients([&](ParameterTensor& tensor) {
      if (tensor.name == "layer1.forward.W") tensor.values[5] = tensor.values[7] = value;
    }));
    EXPECT_FALSE(result.passed);
    EXPECT_THAT(
        result.explanation,
        HasSubstr("gradient of layer1.forward.W holds 2 values that are not finite, the first at index 5"));
    EXPECT_EQ(result.worst.name, "gradient of layer1.forward.W");
  }
}

// What the reference wrote and cannot be read is no fault of the case.
TEST(CompareGradients, AReferenceThatCannotBeReadIsAnErrorOfTheDisk) {
  const Gradients reference;
  std::ofstream(reference.path() / "head.npy") << "half";
  try {
    compare(Gradients(), 2.0, reference);
    FAIL();
  } catch (const StorageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("head.npy"));
    EXPECT_THAT(error.what(), HasSubstr("TMPDIR"));
  }
}

TEST(CompareGradients, FilesHaveToBeThereAndShaped) {
  const Gradients gradients;
  std::filesystem::remove(gradients.path() / "head.npy");
  EXPECT_THAT(compare(gradients).explanation, HasSubstr("gradient of head cannot be read"));
  const Gradients misshapen([](ParameterTensor& tensor) {
    if (tensor.name == "layer0.forward.W") std::swap(tensor.shape[0], tensor.shape[1]);
  });
  EXPECT_THAT(compare(misshapen).explanation,
              HasSubstr("gradient of layer0.forward.W has shape (3, 8), expected (8, 3)"));
}

TEST(CompareGradients, TheLossCountsToo) {
  EXPECT_TRUE(compare(Gradients(), 2.0019).passed);
  EXPECT_THAT(compare(Gradients(), 2.0021).explanation, HasSubstr("loss is 2.0021, expected 2"));
  EXPECT_THAT(compare(Gradients(), NAN).explanation, HasSubstr("loss is nan"));
  EXPECT_FALSE(compare(Gradients(), INFINITY).passed);
}

TEST(CompareGradients, InfiniteLossesOfWhatDoesNotFitAreEqual) {
  const Gradients gradients;
  EXPECT_TRUE(
      compare_gradients(tiny(), INFINITY, gradients.path(), INFINITY, gradients.path(), limit).passed);
  EXPECT_FALSE(compare_gradients(tiny(), 3, gradients.path(), INFINITY, gradients.path(), limit).passed);
}

TEST(CompareGradients, SeveralFaultsAreCounted) {
  const CheckResult result = compare(Gradients([](ParameterTensor& tensor) { tensor.values[0] += 1; }));
  EXPECT_THAT(result.explanation, HasSubstr("17 of 18 are off, worst"));
}

TEST(Tolerance, GrowsMildlyAndStaysFarBelowAMistake) {
  EXPECT_LT(tolerance("fp64", 32, 1), 1e-9);
  EXPECT_LT(tolerance("fp32", 32, 1), tolerance("fp32", 1000, 1));
  EXPECT_LT(tolerance("fp32", 32, 1), tolerance("fp32", 32, 4));
  EXPECT_EQ(tolerance("fp32", 1, 1), tolerance("fp32", 32, 1));
  EXPECT_LE(tolerance("fp32", 1'000'000, 100), 1e-3);
  EXPECT_LE(tolerance("bf16", 1'000'000, 100), 0.25);
  for (const auto& [finer, coarser] : {std::pair{"fp64", "fp32"}, {"fp32", "bf16x3"}, {"bf16x3", "bf16"}})
    EXPECT_LT(tolerance(finer, 100, 2), tolerance(coarser, 100, 2));
  EXPECT_THROW(tolerance("fp8", 10, 1), std::invalid_argument);
}

TEST(FirstSteps, HaveToApplyTheCheckedGradients) {
  const std::vector<double> reference = {2.0, 1.9};
  EXPECT_EQ(first_steps_fault({2.0, 1.9}, reference, "fp32", 1e-5), "");
  EXPECT_EQ(first_steps_fault({2.00001, 1.9005}, reference, "fp32", 1e-5), "");
  EXPECT_THAT(first_steps_fault({2.0, 2.0}, reference, "fp32", 1e-5),
              HasSubstr("the first update changes the loss by 0"));
  EXPECT_THAT(first_steps_fault({2.0, 1.85}, reference, "fp32", 1e-5), HasSubstr("expected -0.1"));
  EXPECT_THAT(first_steps_fault({1.9, 1.8}, reference, "fp32", 1e-5), HasSubstr("does not start from"));
  EXPECT_NE(first_steps_fault({NAN, 1.9}, reference, "fp32", 1e-5), "");
  EXPECT_NE(first_steps_fault({2.0, NAN}, reference, "fp32", 1e-5), "");
  EXPECT_NE(first_steps_fault({2.0}, reference, "fp32", 1e-5), "");
  EXPECT_EQ(first_steps_fault({2.01, 1.93}, reference, "bf16", 4e-2), "");
  EXPECT_NE(first_steps_fault({2.0, 2.0}, reference, "bf16", 4e-2), "");
  EXPECT_EQ(first_steps_fault({INFINITY, INFINITY}, {INFINITY, INFINITY}, "fp32", 1e-5), "");
}

}  // namespace
}  // namespace lstmbench
