#include "lstm/cuda/persistent/emulated_launch.h"

#include <type_traits>

#include "cuda/persistent/backward.h"
#include "cuda/persistent/forward.h"
#include "lstm/cuda/persistent/emulated_group.h"

namespace lstm::cuda::persistent::emulation {
namespace {

using Lane = Group::Lane;

// Calls function(Product) for the arithmetic and slice of a geometry, as launch.cpp does.
template <class T, int most_warps, class Function>
void with_product(const Geometry& geometry, const Function& function) {
  if constexpr (std::is_same_v<T, Bf16>) {
    function(MatrixProduct<Lane, Arithmetic::bf16, most_warps>());
  } else if constexpr (std::is_same_v<T, Fp16>) {
    function(MatrixProduct<Lane, Arithmetic::fp16, most_warps>());
  } else if (geometry.arithmetic == Arithmetic::tf32) {
    function(MatrixProduct<Lane, Arithmetic::tf32, most_warps>());
  } else if (geometry.slice > 4) {
    function(ScalarProduct<Lane, 8, most_warps>());
  } else {
    function(ScalarProduct<Lane, 4, most_warps>());
  }
}
template <class T, class Function>
void with_product(const EmulatedLaunch& launch, const Geometry& geometry, const Function& function) {
  if (launch.most_warps == kFewWarps) {
    with_product<T, kFewWarps>(geometry, function);
  } else {
    with_product<T, kMostWarps>(geometry, function);
  }
}

template <class Body>
void run_groups(const EmulatedLaunch& launch, const Geometry& geometry, int shared_bytes, int inbox_bytes,
                const Body& body) {
  Group group({.blocks = geometry.blocks,
               .threads = launch.warps * kLanes,
               .shared_bytes = shared_bytes,
               .inbox_bytes = 2 * inbox_bytes,
               .is_cluster = launch.is_cluster,
               .is_checked = launch.is_checked,
               .seed = launch.seed});
  for (int g = 0; g < geometry.groups(); ++g) group.run(g, body);
}

}  // namespace

template <class T>
void run(const EmulatedLaunch& launch, const ForwardArguments<T>& arguments) {
  const Geometry& geometry = arguments.geometry;
  with_product<T>(launch, geometry, [&](auto product) {
    using Product = decltype(product);
    const SharedMemory memory =
        forward_memory(geometry, arguments.parts, launch.warps, Product::kResident, Lane::kHasInbox);
    run_groups(launch, geometry, memory.bytes, forward_inbox_bytes(geometry),
               [&](Lane& lane) { forward_block<Product>(lane, arguments); });
  });
}

template <class T>
void run(const EmulatedLaunch& launch, const BackwardArguments<T>& arguments) {
  const Geometry& geometry = arguments.geometry;
  with_product<T>(launch, geometry, [&](auto product) {
    using Product = decltype(product);
    const SharedMemory memory = backward_memory(geometry, launch.warps, Product::kResident, Lane::kHasInbox);
    run_groups(launch, geometry, memory.bytes, backward_inbox_bytes(geometry),
               [&](Lane& lane) { backward_block<Product>(lane, arguments); });
  });
}

#define LSTM_INSTANTIATE(T)                                                \
  template void run<T>(const EmulatedLaunch&, const ForwardArguments<T>&); \
  template void run<T>(const EmulatedLaunch&, const BackwardArguments<T>&);
LSTM_INSTANTIATE(float)
LSTM_INSTANTIATE(Bf16)
LSTM_INSTANTIATE(Fp16)
#undef LSTM_INSTANTIATE

}  // namespace lstm::cuda::persistent::emulation
