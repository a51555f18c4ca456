// Connectionist temporal classification in float64 and log space.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lstm::reference {

// What ctc() computes on the way, for sequences up to these sizes.
struct CtcScratch {
  CtcScratch(int steps, int classes, int max_labels);

  std::vector<int> states;          // (2S + 1)
  std::vector<double> log_y;        // (T, V)
  std::vector<double> alpha, beta;  // (T, 2S + 1)

  std::size_t bytes() const;
};

// Loss of one sequence and its gradient by the logits (Graves, Fernandez, Gomez, Schmidhuber, "Connectionist
// Temporal Classification", ICML 2006). See docs/ctc.md.
//   logits, d_logits  (steps, classes), unnormalised: the softmax is inside
//   labels            classes 1..V-1, blank = 0; may be empty
// Returns -log p(labels | logits). Where the labels do not fit (labels + repeats > steps), whatever the
// logits are, or all paths have logits of -inf, the loss is +inf and the gradient zero. Allocates nothing.
double ctc(int steps, int classes, std::span<const double> logits, std::span<const std::int32_t> labels,
           CtcScratch& scratch, std::span<double> d_logits);

}  // namespace lstm::reference
