// Softmax and cross-entropy of one sample in plain loops.
#pragma once

#include <cmath>
#include <cstddef>
#include <span>

namespace lstm::model {

// logits (V), label in 0..V-1. Returns -log softmax(logits)[label] and writes its gradient by the logits,
// scaled: d_logits = scale * (softmax(logits) - one_hot(label)).
template <class Real>
double cross_entropy(std::span<const Real> logits, int label, Real scale, std::span<Real> d_logits) {
  Real largest = logits[0];
  for (const Real logit : logits) largest = logit > largest ? logit : largest;
  Real sum = 0;
  for (std::size_t v = 0; v < logits.size(); ++v) {
    d_logits[v] = std::exp(logits[v] - largest);
    sum += d_logits[v];
  }
  for (Real& d : d_logits) d *= scale / sum;
  d_logits[static_cast<std::size_t>(label)] -= scale;
  return static_cast<double>(std::log(sum) - (logits[static_cast<std::size_t>(label)] - largest));
}

}  // namespace lstm::model
