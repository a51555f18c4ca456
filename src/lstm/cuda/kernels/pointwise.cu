#include "cuda/kernels/pointwise.h"

#include "cuda/kernels/launch.h"
#include "cuda/kernels/pointwise_kernels.h"

namespace lstm::cuda {
namespace {

template <PointwiseOperation operation>
void start(StreamHandle stream, const Pointwise& operands) {
  constexpr int kThreads = 256;
  const long long count = static_cast<long long>(operands.rows) * operands.columns;
  if (count == 0) return;
  launch("pointwise", stream, static_cast<unsigned>((count + kThreads - 1) / kThreads), kThreads,
         pointwise_kernel<operation>, operands);
}

}  // namespace

void pointwise(StreamHandle stream, PointwiseOperation operation, const Pointwise& operands) {
  using enum PointwiseOperation;
  switch (operation) {
    case add:
      return start<add>(stream, operands);
    case multiply:
      return start<multiply>(stream, operands);
    case add_product:
      return start<add_product>(stream, operands);
    case sigmoid:
      return start<sigmoid>(stream, operands);
    case tanh:
      return start<tanh>(stream, operands);
    case sigmoid_gradient:
      return start<sigmoid_gradient>(stream, operands);
    case tanh_gradient:
      return start<tanh_gradient>(stream, operands);
    case add_tanh_gradient:
      return start<add_tanh_gradient>(stream, operands);
  }
}

}  // namespace lstm::cuda
