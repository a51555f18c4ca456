// The bf16 kernels of AVX-512 in plain C++, for machines that lack it: on blocks of dot products, as
// AVX512-BF16 has them, and in fp32.
#pragma once

#include "kernels/sequence_bf16/sequence_bf16.h"

namespace lstm::kernels::bf16 {

Kernels as_avx512bf16(int parts);
Kernels as_avx512(int parts);

}  // namespace lstm::kernels::bf16
