#include "kernels/cell/cell.h"

#include <array>

#include "kernels/cell/cell_variants.h"

namespace lstm::kernels {
namespace {

constexpr std::array<Variant<CellFunctions>, 3> kVariants = {{
    {"avx512", Isa::avx512, {cell_forward_avx512, cell_backward_avx512}},
    {"avx2", Isa::avx2, {cell_forward_avx2, cell_backward_avx2}},
    {"ref", Isa::portable, {cell_forward_ref, cell_backward_ref}},
}};

}  // namespace

std::span<const Variant<CellFunctions>> cell_variants() {
  return kVariants;
}

}  // namespace lstm::kernels
