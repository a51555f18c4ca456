#include "cuda/persistent/launch.cuh"
#include "cuda/persistent/launch_product.h"

namespace lstm::cuda::persistent {
namespace {

template <class Lane, int most_warps>
using ProductOf = MatrixProduct<Lane, Arithmetic::fp16, most_warps>;

}  // namespace

void launch_fp16(StreamHandle stream, const Plan& plan, const ForwardArguments<Fp16>& arguments,
                 std::byte* exchange) {
  launch_product<ProductOf>(stream, plan, arguments, exchange);
}
void launch_fp16(StreamHandle stream, const Plan& plan, const BackwardArguments<Fp16>& arguments,
                 std::byte* exchange) {
  launch_product<ProductOf>(stream, plan, arguments, exchange);
}

}  // namespace lstm::cuda::persistent
