// The blocked products with the tiles of instruction sets that this machine may lack.
#pragma once

#include "kernels/gemm/gemm.h"

namespace lstm::kernels {

GemmFunctions gemm_as_avx512();
GemmFunctions gemm_as_avx2();

}  // namespace lstm::kernels
