// Gradients on disk against those of the reference, tensor by tensor.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "check/check.h"
#include "store/database.h"
#include "workload/npy.h"
#include "workload/problem.h"

namespace lstmbench {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

struct Comparison {
  double error = 0;
  std::string problem;  // empty where only the error speaks
};

double norm(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return std::sqrt(sum);
}

// A tensor whose reference is (next to) zero, such as dR of a single step, is measured against `least_norm`.
Comparison compare_values(const std::vector<double>& values, const std::vector<double>& reference,
                          double least_norm) {
  std::size_t not_finite = 0, first = 0;
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i]) && not_finite++ == 0) first = i;
    sum += (values[i] - reference[i]) * (values[i] - reference[i]);
  }
  if (not_finite > 0)
    return {infinite,
            fmt::format("holds {} values that are not finite, the first at index {}", not_finite, first)};
  const double scale = std::max(norm(reference), least_norm);
  const double distance = std::sqrt(sum);
  return {distance == 0 ? 0 : distance / scale, {}};
}

Comparison compare_file(const std::filesystem::path& file, const ParameterTensor& tensor,
                        const std::vector<double>& reference, double least_norm) {
  try {
    const NpyArray array = read_npy(file);
    const std::vector<std::size_t> expected(tensor.shape.begin(), tensor.shape.end());
    if (array.shape != expected)
      return {infinite,
              fmt::format("has shape {}, expected {}", shape_text(array.shape), shape_text(expected))};
    return compare_values(array.values, reference, least_norm);
  } catch (const std::runtime_error& error) {
    return {infinite, fmt::format("cannot be read: {}", error.what())};
  }
}

std::vector<double> reference_values(const std::filesystem::path& file) {
  try {
    return read_npy(file).values;
  } catch (const std::runtime_error& error) {
    throw StorageError(fmt::format("the reference's '{}' cannot be read: {} (TMPDIR names another place)",
                                   file.string(), error.what()));
  }
}

double relative_difference(double value, double reference) {
  if (value == reference) return 0;  // infinities too
  if (!std::isfinite(value) || !std::isfinite(reference)) return infinite;
  return std::abs(value - reference) / std::max(std::abs(reference), std::numeric_limits<double>::min());
}

}  // namespace

CheckResult compare_gradients(const Workload& workload, double loss, const std::filesystem::path& gradients,
                              double reference_loss, const std::filesystem::path& reference_gradients,
                              double tolerance) {
  CheckResult result;
  result.tolerance = tolerance;
  const auto record = [&](const std::string& name, const Comparison& comparison) {
    result.errors.push_back({name, comparison.error});
    if (result.worst.name.empty() || comparison.error > result.worst.relative_error)
      result.worst = result.errors.back();
    if (comparison.error <= tolerance || !result.explanation.empty()) return;
    result.explanation = comparison.problem.empty() ? fmt::format("{} is {:.1e} off (tolerance {:.1e})", name,
                                                                  comparison.error, tolerance)
                                                    : fmt::format("{} {}", name, comparison.problem);
  };
  record("loss", {relative_difference(loss, reference_loss),
                  std::isfinite(loss) ? fmt::format("is {:.9g}, expected {:.9g} (tolerance {:.1e})", loss,
                                                    reference_loss, tolerance)
                                      : fmt::format("is {}, expected {:.9g}", loss, reference_loss)});

  const std::vector<ParameterTensor> tensors = parameter_shapes(workload);
  std::vector<std::vector<double>> references;
  double total = 0;
  for (const ParameterTensor& tensor : tensors) {
    references.push_back(reference_values(reference_gradients / (tensor.name + ".npy")));
    total = std::hypot(total, norm(references.back()));
  }
  const double least_norm = std::max(1e-6 * total, std::numeric_limits<double>::min());
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    Comparison comparison =
        compare_file(gradients / (tensors[i].name + ".npy"), tensors[i], references[i], least_norm);
    record("gradient of " + tensors[i].name, comparison);
  }
  const auto wrong = std::count_if(result.errors.begin(), result.errors.end(), [&](const TensorError& error) {
    return !(error.relative_error <= tolerance);
  });
  result.passed = wrong == 0;
  if (wrong > 1)
    result.explanation += fmt::format("; {} of {} are off, worst {} by {:.1e}", wrong, result.errors.size(),
                                      result.worst.name, result.worst.relative_error);
  return result;
}

}  // namespace lstmbench
