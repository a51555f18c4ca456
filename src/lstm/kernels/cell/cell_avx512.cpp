#include "kernels/simd/vector_avx512.h"

#include "kernels/cell/cell_variants.h"
#include "kernels/cell/cell_vector.h"

namespace lstm::kernels {

void cell_forward_avx512(const CellForward& step, int first_row, int last_row) noexcept {
  cell_forward(step, first_row, last_row);
}

void cell_backward_avx512(const CellBackward& step, int first_row, int last_row) noexcept {
  cell_backward(step, first_row, last_row);
}

}  // namespace lstm::kernels
