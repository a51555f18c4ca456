#include "kernels/ctc/ctc.h"

#include <array>

#include "kernels/ctc/ctc_shape.h"
#include "kernels/ctc/ctc_variants.h"

namespace lstm::kernels {
namespace {

constexpr std::array<Variant<CtcFunction>, 3> kVariants = {{
    {"avx512", Isa::avx512, ctc_avx512},
    {"avx2", Isa::avx2, ctc_avx2},
    {"ref", Isa::portable, ctc_ref},
}};

}  // namespace

std::span<const Variant<CtcFunction>> ctc_variants() {
  return kVariants;
}

// What ctc_vector.h lays out; the doubles of ctc_ref.cpp need less.
std::size_t ctc_scratch_size(int time_steps, int classes, int max_labels) {
  const long row = ctc_row_size(max_labels), class_row = ctc_class_row_size(classes);
  return static_cast<std::size_t>((time_steps + 1L) * 4 * row + time_steps * 2L * class_row + 7 * row);
}

}  // namespace lstm::kernels
