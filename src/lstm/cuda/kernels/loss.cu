#include "cuda/kernels/loss.h"

#include "cuda/kernels/ctc.h"
#include "cuda/kernels/ctc_kernels.h"
#include "cuda/kernels/launch.h"
#include "cuda/kernels/loss_kernels.h"

namespace lstm::cuda {

void cross_entropy(StreamHandle stream, int rows, int classes, const float* logits, const int* labels,
                   float scale, double* losses, float* d_logits) {
  constexpr int kWarps = 4;
  const auto blocks = static_cast<unsigned>((rows + kWarps - 1) / kWarps);
  launch("cross_entropy", stream, blocks, kWarps * kWarpSize, cross_entropy_kernel, rows, classes, logits,
         labels, scale, losses, d_logits);
}

void widen_losses(StreamHandle stream, int count, const float* narrow, double* losses) {
  launch("widen_losses", stream, 1, 256, widen_losses_kernel, count, narrow, losses);
}

void ctc(StreamHandle stream, const CtcProblem& problem) {
  const int states = problem.states(), most = kCtcMostThreads;
  const int threads = states < most ? (states + kWarpSize - 1) / kWarpSize * kWarpSize : most;
  const auto steps = static_cast<unsigned>(problem.loss_steps);
  launch("ctc_probabilities", stream, steps, kCtcGradientWarps * kWarpSize, ctc_probabilities_kernel,
         problem);
  launch("ctc_recursion", stream, dim3(static_cast<unsigned>(problem.samples), 2), threads,
         ctc_recursion_kernel, problem);
  launch("ctc_gradient", stream, steps, kCtcGradientWarps * kWarpSize, ctc_gradient_kernel, problem);
}

}  // namespace lstm::cuda
