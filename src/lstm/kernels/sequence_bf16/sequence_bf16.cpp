#include "kernels/sequence_bf16/sequence_bf16.h"

#include <array>

namespace lstm::kernels::bf16 {

// By parts - 1.
extern const Kernels kKernels_amx[2];
extern const Kernels kKernels_avx512bf16[2];
extern const Kernels kKernels_avx512[2];
extern const Kernels kKernels_avx2[2];
extern const Kernels kKernels_portable[2];

std::span<const Variant<Kernels>> variants(int parts) {
  const auto table_of = [](int i) {
    return std::array<Variant<Kernels>, 5>{{
        {"amx", Isa::amx, kKernels_amx[i]},
        {"avx512bf16", Isa::avx512bf16, kKernels_avx512bf16[i]},
        {"avx512", Isa::avx512, kKernels_avx512[i]},
        {"avx2", Isa::avx2, kKernels_avx2[i]},
        {"portable", Isa::portable, kKernels_portable[i]},
    }};
  };
  static const std::array tables = {table_of(0), table_of(1)};
  return tables[static_cast<std::size_t>(parts - 1)];
}

}  // namespace lstm::kernels::bf16
