// The bf16 kernels on blocks of dot products, as AVX512-BF16 has them, for machines that lack it.
#pragma once

#include "kernels/sequence_bf16/sequence_bf16.h"

namespace lstm::kernels::bf16 {

Kernels as_avx512bf16(int parts);

}  // namespace lstm::kernels::bf16
