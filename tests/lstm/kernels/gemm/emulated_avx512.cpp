#define LSTM_MODEL_LANES 16
#include "lstm/kernels/gemm/vector_model.h"
// Needs a Vector.
#include "kernels/gemm/gemm_blocked.h"
#include "lstm/kernels/gemm/emulated.h"

namespace lstm::kernels {

GemmFunctions gemm_as_avx512() {
  return {gemm_blocked, pack_b_blocked};
}

}  // namespace lstm::kernels
