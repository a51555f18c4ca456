// The functions behind the table in cell.cpp.
#pragma once

#include "kernels/cell/cell.h"

namespace lstm::kernels {

void cell_forward_ref(const CellForward& step, int first_row, int last_row) noexcept;
void cell_backward_ref(const CellBackward& step, int first_row, int last_row) noexcept;
void cell_forward_avx2(const CellForward& step, int first_row, int last_row) noexcept;
void cell_backward_avx2(const CellBackward& step, int first_row, int last_row) noexcept;
void cell_forward_avx512(const CellForward& step, int first_row, int last_row) noexcept;
void cell_backward_avx512(const CellBackward& step, int first_row, int last_row) noexcept;

}  // namespace lstm::kernels
