#include "cuda/kernels/loss.h"

#include "cuda/kernels/ctc.h"
#include "cuda/kernels/ctc_kernels.h"
#include "cuda/kernels/launch.h"
#include "cuda/kernels/loss_kernels.h"

namespace lstm::cuda {

template <class T>
void cross_entropy(StreamHandle stream, const CrossEntropy<T>& problem) {
  constexpr int kWarps = 8;  // of a block
  const auto blocks = static_cast<unsigned>((problem.rows + kWarps - 1) / kWarps);
  launch("cross_entropy", stream, blocks, kWarps * kWarpSize, cross_entropy_kernel<T>, problem);
}

void widen_losses(StreamHandle stream, int count, const float* narrow, double* losses) {
  launch("widen_losses", stream, 1, 256, widen_losses_kernel, count, narrow, losses);
}

void ctc(StreamHandle stream, const CtcProblem& problem) {
  const auto steps = static_cast<unsigned>(problem.loss_steps),
             samples = static_cast<unsigned>(problem.samples);
  launch("ctc_probabilities", stream, steps, kCtcWarps * kWarpSize, ctc_probabilities_kernel, problem);
  launch("ctc_recursion", stream, dim3(samples, 2), ctc_recursion_threads(problem.max_labels),
         ctc_recursion_kernel, problem);
  launch("ctc_gradient", stream, dim3(samples, (steps + kCtcGradientSteps - 1) / kCtcGradientSteps),
         kCtcWarps * kWarpSize, ctc_gradient_kernel, problem);
}

template void cross_entropy<float>(StreamHandle, const CrossEntropy<float>&);
template void cross_entropy<Bf16>(StreamHandle, const CrossEntropy<Bf16>&);
template void cross_entropy<Fp16>(StreamHandle, const CrossEntropy<Fp16>&);

}  // namespace lstm::cuda
