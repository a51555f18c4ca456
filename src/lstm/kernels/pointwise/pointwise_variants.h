// The functions behind the table in pointwise.cpp.
#pragma once

#include "kernels/pointwise/pointwise.h"

namespace lstm::kernels {

extern const PointwiseFunctions kPointwiseRef;
extern const PointwiseFunctions kPointwiseAvx2;
extern const PointwiseFunctions kPointwiseAvx512;

}  // namespace lstm::kernels
