// The proof that a case computes what the float64 reference computes.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "case/case.h"
#include "process/worker_session.h"

namespace lstmbench {

// One tensor's (or the loss's) distance from the reference: |a - b| / |b|, Euclidean norms.
struct TensorError {
  std::string name;  // "loss", "layer0.forward.W", ...
  double relative_error = 0;
};

struct CheckResult {
  bool passed = false;
  double tolerance = 0;
  TensorError worst;
  std::vector<TensorError> errors;
  std::string explanation;  // why it did not pass, for people; empty where it did
};

// The largest relative error that is rounding and not a mistake, for a dtype and the length of the
// recurrence. The reasons are in docs/correctness.md.
double tolerance(const std::string& dtype, int time_steps, int layers);
// Those that have a tolerance: nothing else can be checked.
std::vector<std::string> known_dtypes();

// Compares the files NAME.npy of every parameter of the workload, and the losses; a tensor that is missing,
// of another shape, or not finite has an infinite error. Throws nothing for what those files hold, but
// StorageError where the reference's own cannot be read.
CheckResult compare_gradients(const Workload& workload, double loss, const std::filesystem::path& gradients,
                              double reference_loss, const std::filesystem::path& reference_gradients,
                              double tolerance);

// Why the losses of the first two training steps cannot come from the gradients that were checked (no
// backward, no update, another optimiser); empty where they can.
std::string first_steps_fault(const std::vector<double>& losses, const std::vector<double>& reference,
                              const std::string& dtype, double tolerance);

// What a check compares with: loss and gradients of the float64 reference on one problem.
class ReferenceResults {
 public:
  // Runs the reference worker (native/reference, fp64) on a slice of the workload (few samples, few steps,
  // all layers, both directions, unequal lengths where the workload has them) or on all of it. Throws
  // WorkerFailure; StorageError where there is no room for its files.
  ReferenceResults(const Workload& workload, bool full_size, const WorkerCommand& reference_worker,
                   const std::filesystem::path& directory, int threads);

  const Workload& checked_workload() const { return workload_; }  // the slice, or the whole
  const std::filesystem::path& problem() const { return problem_; }
  double loss() const { return loss_; }
  // The losses of the first two training steps; empty at full size, where they would take the reference long.
  const std::vector<double>& losses() const { return losses_; }
  const std::filesystem::path& gradients() const { return gradients_; }

 private:
  Workload workload_;
  std::filesystem::path problem_;
  std::filesystem::path gradients_;
  double loss_ = 0;
  std::vector<double> losses_;
};

// Prepares the session on the reference's problem, asks for a check, compares; then, where the reference has
// run them, runs the first two training steps and compares their losses. Its files go below `directory`.
// Throws WorkerFailure, StorageError.
CheckResult check_case(WorkerSession& session, const Case& a_case, const ReferenceResults& reference,
                       const std::filesystem::path& directory, WorkerSession::Timeout timeout);

}  // namespace lstmbench
