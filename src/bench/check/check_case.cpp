#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "check/check.h"
#include "store/database.h"
#include "workload/problem.h"

namespace lstmbench {
namespace {

constexpr int first_steps = 2;  // the loss of the second shows what backward and update did

void make_empty(const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::remove_all(directory, error);
  std::filesystem::create_directories(directory, error);
  if (error)
    throw StorageError(fmt::format("cannot make the folder '{}': {} (TMPDIR names another place)",
                                   directory.string(), error.message()));
}

void write_files(const Workload& workload, const std::filesystem::path& directory) {
  try {
    write_problem(make_problem(workload), workload, directory);
  } catch (const std::runtime_error& error) {
    throw StorageError(
        fmt::format("cannot write the data of {} for its check to '{}': {} (TMPDIR names another place)",
                    workload.name, directory.string(), error.what()));
  }
}

}  // namespace

ReferenceResults::ReferenceResults(const Workload& workload, bool full_size,
                                   const WorkerCommand& reference_worker,
                                   const std::filesystem::path& directory, int threads)
    : workload_(full_size ? workload : check_slice(workload)),
      problem_(directory / "problem"),
      gradients_(directory / "reference") {
  const WorkerSession::Timeout timeout = full_size ? std::chrono::hours(24) : std::chrono::minutes(5);
  make_empty(problem_);
  make_empty(gradients_);
  write_files(workload_, problem_);
  Case reference;
  reference.workload = workload_;
  reference.implementation = "native/reference";
  reference.dtype = "fp64";
  reference.threads = threads;
  reference.worker = reference_worker;
  WorkerSession session(reference_worker);
  session.prepare(reference, problem_, timeout);
  loss_ = session.check(gradients_, timeout);
  if (full_size) return;
  for (const StepTimes& step : session.run(first_steps, timeout).steps) losses_.push_back(step.loss);
}

std::string first_steps_fault(const std::vector<double>& losses, const std::vector<double>& reference,
                              const std::string& dtype, double tolerance) {
  const auto is_finite = [](double loss) { return std::isfinite(loss); };
  if (reference.size() < first_steps || !std::all_of(reference.begin(), reference.end(), is_finite))
    return {};
  const double scale = std::abs(reference[0]);
  if (losses.size() < first_steps || !(std::abs(losses[0] - reference[0]) <= tolerance * scale))
    return fmt::format(
        "the first training step has loss {:.9g}, expected {:.9g}: it does not start from the "
        "prepared parameters",
        losses.empty() ? NAN : losses[0], reference[0]);
  const double moved = losses[1] - losses[0], expected = reference[1] - reference[0];
  const bool is_coarse = dtype == "bf16" || dtype == "fp16" || dtype == "tf32";
  // Adam's first step moves each parameter by the learning rate along its gradient's sign, so that the loss
  // falls by the rate times the sum of absolute gradients: rounding only matters where a gradient is all but
  // 0.
  const double allowed = (is_coarse ? 0.3 : 0.02) * std::abs(expected) + (is_coarse ? 2e-3 : 2e-6) * scale;
  if (std::abs(moved - expected) <= allowed) return {};
  return fmt::format(
      "the first update changes the loss by {:.3g}, expected {:.3g}: training steps do not apply "
      "the checked gradients with Adam",
      moved, expected);
}

CheckResult check_case(WorkerSession& session, const Case& a_case, const ReferenceResults& reference,
                       const std::filesystem::path& directory, WorkerSession::Timeout timeout) {
  const std::filesystem::path gradients = directory / "gradients";
  make_empty(gradients);
  Case checked = a_case;
  checked.workload = reference.checked_workload();
  session.prepare(checked, reference.problem(), timeout);
  const double loss = session.check(gradients, timeout);
  CheckResult result =
      compare_gradients(checked.workload, loss, gradients, reference.loss(), reference.gradients(),
                        tolerance(a_case.dtype, checked.workload.time_steps, checked.workload.layers));
  if (!result.passed || reference.losses().empty()) return result;

  std::vector<double> losses;
  for (const StepTimes& step : session.run(first_steps, timeout).steps) losses.push_back(step.loss);
  result.explanation = first_steps_fault(losses, reference.losses(), a_case.dtype, result.tolerance);
  result.passed = result.explanation.empty();
  return result;
}

}  // namespace lstmbench
