// Sizes and simple cases that all variants of CTC share.
#pragma once

#include "kernels/ctc/ctc.h"

namespace lstm::kernels {
namespace {

// Floats; rows of states have this much room before and after them, for neighbours that do not exist.
constexpr long kCtcMargin = 16;

// Of a row of S + 1 states (the blanks; the S labels fit, too).
constexpr long ctc_row_size(long labels) {
  return (labels + 1 + 15) / 16 * 16 + 2 * kCtcMargin;
}
// Of a row of V classes.
constexpr long ctc_class_row_size(long classes) {
  return (classes + 15) / 16 * 16;
}

// Between two equal labels there must be a blank.
inline bool ctc_is_feasible(const CtcProblem& p) {
  int needed = p.label_count;
  for (int i = 1; i < p.label_count; ++i) needed += p.labels[i] == p.labels[i - 1] ? 1 : 0;
  return needed <= p.time_steps;
}

inline double ctc_impossible(const CtcProblem& p) {
  for (int t = 0; t < p.time_steps; ++t) {
    for (int k = 0; k < p.classes; ++k) p.d_logits[t * p.d_logits_stride + k] = 0.0f;
  }
  return __builtin_inf();
}

}  // namespace
}  // namespace lstm::kernels
