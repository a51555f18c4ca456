// Connectionist temporal classification in float64 and log space.
#pragma once

#include <cstdint>
#include <span>

namespace lstm::reference {

// Loss of one sequence and its gradient by the logits (Graves, Fernandez, Gomez, Schmidhuber, "Connectionist
// Temporal Classification", ICML 2006). See docs/ctc.md.
//   logits, d_logits  (steps, classes), unnormalised: the softmax is inside
//   labels            classes 1..V-1, blank = 0; may be empty
// Returns -log p(labels | logits). Where no path exists (labels + repeats > steps, or logits of -inf on every
// path) the loss is +inf and the gradient zero.
double ctc(int steps, int classes, std::span<const double> logits, std::span<const std::int32_t> labels,
           std::span<double> d_logits);

}  // namespace lstm::reference
