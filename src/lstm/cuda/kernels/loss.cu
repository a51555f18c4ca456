#include "cuda/kernels/loss.h"

#include "cuda/kernels/ctc.h"
#include "cuda/kernels/ctc_kernels.h"
#include "cuda/kernels/loss_kernels.h"
#include "cuda/runtime/check.h"

namespace lstm::cuda {

void cross_entropy(StreamHandle stream, int rows, int classes, const float* logits, const int* labels,
                   float scale, double* losses, float* d_logits) {
  constexpr int kWarps = 4;
  const auto blocks = static_cast<unsigned>((rows + kWarps - 1) / kWarps);
  cross_entropy_kernel<<<blocks, kWarps * kWarpSize, 0, stream>>>(rows, classes, logits, labels, scale,
                                                                  losses, d_logits);
  check_launch("cross_entropy");
}

void widen_losses(StreamHandle stream, int count, const float* narrow, double* losses) {
  widen_losses_kernel<<<1, 256, 0, stream>>>(count, narrow, losses);
  check_launch("widen_losses");
}

void sum_losses(StreamHandle stream, int count, const double* losses, double scale, double* total) {
  sum_losses_kernel<<<1, kWarpSize, 0, stream>>>(count, losses, scale, total);
  check_launch("sum_losses");
}

void ctc(StreamHandle stream, const CtcProblem& problem) {
  constexpr int kMostThreads = 512;  // a thread takes several states where there are more
  const int states = 2 * problem.max_labels + 1;
  const int threads = states < kMostThreads ? (states + kWarpSize - 1) / kWarpSize * kWarpSize : kMostThreads;
  const auto steps = static_cast<unsigned>(problem.loss_steps);
  ctc_probabilities_kernel<<<steps, kCtcGradientWarps * kWarpSize, 0, stream>>>(problem);
  check_launch("ctc_probabilities");
  ctc_recursion_kernel<<<dim3(static_cast<unsigned>(problem.samples), 2), static_cast<unsigned>(threads), 0,
                         stream>>>(problem);
  check_launch("ctc_recursion");
  ctc_gradient_kernel<<<steps, kCtcGradientWarps * kWarpSize, 0, stream>>>(problem);
  check_launch("ctc_gradient");
}

}  // namespace lstm::cuda
