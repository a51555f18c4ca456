#include "kernels/simd/vector_avx2.h"

#include "kernels/cell/cell_variants.h"
#include "kernels/cell/cell_vector.h"

namespace lstm::kernels {

void cell_forward_avx2(const CellForward& step, int first_row, int last_row) noexcept {
  cell_forward(step, first_row, last_row);
}

void cell_backward_avx2(const CellBackward& step, int first_row, int last_row) noexcept {
  cell_backward(step, first_row, last_row);
}

}  // namespace lstm::kernels
