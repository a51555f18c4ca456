#include "kernels/sequence_bf16/sequence_bf16.h"

#include <array>

namespace lstm::kernels::bf16 {

extern const Kernels kKernels_amx;
extern const Kernels kKernels_avx512bf16;
extern const Kernels kKernels_portable;

std::span<const Variant<Kernels>> variants() {
  static const std::array<Variant<Kernels>, 3> table = {{
      {"amx", Isa::amx, kKernels_amx},
      {"avx512bf16", Isa::avx512bf16, kKernels_avx512bf16},
      {"portable", Isa::portable, kKernels_portable},
  }};
  return table;
}

}  // namespace lstm::kernels::bf16
