#include "cuda/persistent/launch.cuh"
#include "cuda/persistent/launch_product.h"

namespace lstm::cuda::persistent {
namespace {

template <class Lane, int most_warps>
using ProductOf = MatrixProduct<Lane, Arithmetic::tf32, most_warps>;

}  // namespace

void launch_tf32(StreamHandle stream, const Plan& plan, const ForwardArguments<float>& arguments,
                 std::byte* exchange) {
  launch_product<ProductOf>(stream, plan, arguments, exchange);
}
void launch_tf32(StreamHandle stream, const Plan& plan, const BackwardArguments<float>& arguments,
                 std::byte* exchange) {
  launch_product<ProductOf>(stream, plan, arguments, exchange);
}

}  // namespace lstm::cuda::persistent
