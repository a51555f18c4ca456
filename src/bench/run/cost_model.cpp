#include "run/cost_model.h"

#include <array>

#include "peers/library.h"
#include "run/glob.h"

namespace lstmbench {
namespace {

struct Share {
  const char* implementation;  // a glob; the first that matches counts
  double of_peak;
};
constexpr std::array shares{
    Share{"native/sequence", 0.80}, Share{"native/fused", 0.40},
    Share{"native/basic", 0.22},    Share{"native/reference", 0.005},
    Share{"onednn/*", 0.65},        Share{"pytorch/LSTMCell-*", 0.22},
    Share{"pytorch/*@tuned", 0.55}, Share{"pytorch/LSTM*", 0.36},
    Share{"tensorflow/*", 0.15},    Share{"*", 0.25},
};

// On the CPU, PyTorch's backward over packed sequences of different lengths grows with the square of the time
// steps; seconds of 4x320 at T = 1000 on a machine of 470 GFLOP/s.
constexpr double packed_s = 91;
constexpr double packed_steps = 1000;
constexpr double packed_peak = 470;

bool has_quadratic_backward(const Case& a_case) {
  return a_case.worker_implementation() == "pytorch/LSTM-packed" && a_case.device == "cpu" &&
         !a_case.workload.has_equal_lengths();
}

}  // namespace

double estimated_step_s(const Case& a_case, double fp32_peak_gflops) {
  if (has_quadratic_backward(a_case)) {
    const double scale = a_case.workload.time_steps / packed_steps;
    return packed_s * scale * scale * packed_peak / fp32_peak_gflops;
  }
  for (const auto& share : shares)
    if (matches_glob(share.implementation, a_case.implementation))
      return a_case.workload.flops() / (share.of_peak * fp32_peak_gflops * 1e9);
  return 0;  // the last row matches everything
}

double estimated_start_s(const Case& a_case) {
  const bool imports_library = library_of_worker(a_case.worker.name) != nullptr;
  return imports_library ? 4 : 0.5;
}

}  // namespace lstmbench
