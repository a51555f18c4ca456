#include "cuda/persistent/launch.cuh"
#include "cuda/persistent/launch_product.h"

namespace lstm::cuda::persistent {
namespace {

template <class Lane, int most_warps>
using ProductOf = MatrixProduct<Lane, Arithmetic::bf16, most_warps>;

}  // namespace

void launch_bf16(StreamHandle stream, const Plan& plan, const ForwardArguments<Bf16>& arguments,
                 std::byte* exchange) {
  launch_product<ProductOf>(stream, plan, arguments, exchange);
}
void launch_bf16(StreamHandle stream, const Plan& plan, const BackwardArguments<Bf16>& arguments,
                 std::byte* exchange) {
  launch_product<ProductOf>(stream, plan, arguments, exchange);
}

}  // namespace lstm::cuda::persistent
