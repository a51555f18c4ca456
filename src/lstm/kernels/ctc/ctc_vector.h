// CTC over Vector (simd/vector_avx2.h or vector_avx512.h, included before), vectorised over label positions.
//
// Probabilities are kept as fraction * 2^exponent, two floats a state, so that neither thousands of steps nor
// states that lag far behind underflow, no exp or log is taken in the recurrence, and errors stay relative
// (in log space a float of -3000 is off by 1e-4). Blank i lies before label i; blanks and labels are separate
// rows:
//   blank'[i] = (blank[i] + label[i-1]) * p(blank)
//   label'[i] = (label[i] + blank[i] + label[i-1] where the two differ) * p(label i)
// Forward over all steps keeping alpha, then backward with beta in one row, the gradient falling out on the
// way. Exponents are whole floats, exact up to 2^24: while T * max |log2 p| stays below that.
#pragma once

#include <math.h>

#include "kernels/ctc/ctc_shape.h"
#include "kernels/ctc/ctc_variants.h"
#include "kernels/simd/exponential.h"
#include "kernels/simd/largest.h"

namespace lstm::kernels {
namespace {

// The sum of numbers in parts; the fraction is left unnormalised.
inline Parts add(Parts a, Parts b) {
  const Vector e = larger(a.exponent, b.exponent);
  return {scale(a.fraction, a.exponent - e) + scale(b.fraction, b.exponent - e), e};
}
inline Parts add(Parts a, Parts b, Parts c) {
  const Vector e = larger(larger(a.exponent, b.exponent), c.exponent);
  const Vector pair = scale(a.fraction, a.exponent - e) + scale(b.fraction, b.exponent - e);
  return {pair + scale(c.fraction, c.exponent - e), e};
}
inline Parts multiply(Parts a, Parts b) {
  const Parts product = split(a.fraction * b.fraction);
  return {product.fraction, a.exponent + b.exponent + product.exponent};
}

struct PartsRow {
  float* fraction;
  float* exponent;

  Parts load(long i) const { return {Vector::load(fraction + i), Vector::load(exponent + i)}; }
  void store(long i, Parts x) const {
    x.fraction.store(fraction + i);
    x.exponent.store(exponent + i);
  }
};

// The states of one time step; indices from -kCtcMargin.
struct StateRow {
  PartsRow blank, label;

  StateRow(float* start, long row)
      : blank{start + kCtcMargin, start + row + kCtcMargin},
        label{start + 2 * row + kCtcMargin, start + 3 * row + kCtcMargin} {}

  void clear(long from, long to) const {
    for (long i = from; i < to; i += Vector::kLanes) {
      const Parts zero{Vector::zero(), Vector::broadcast(kExponentOfZero)};
      blank.store(i, zero);
      label.store(i, zero);
    }
  }
  void put_one(long i) const {  // into blank i
    blank.fraction[i] = 1.0f;
    blank.exponent[i] = 0.0f;
  }
};

class Ctc {
 public:
  Ctc(const CtcProblem& problem, float* scratch)
      : p_(problem),
        row_(ctc_row_size(problem.label_count)),
        class_row_(ctc_class_row_size(problem.classes)),
        alphas_(scratch),
        classes_(alphas_ + (problem.time_steps + 1L) * 4 * row_),
        beta_(classes_ + problem.time_steps * 2L * class_row_, row_),
        skip_(classes_ + problem.time_steps * 2L * class_row_ + 4 * row_),
        occupancy_(skip_ + row_),
        labels_(reinterpret_cast<int*>(occupancy_ + row_)) {
    for (long i = 0; i < row_; ++i) {
      const bool is_label = i < p_.label_count;
      labels_[i] = is_label ? p_.labels[i] : 0;
      const bool may_skip = is_label && i > 0 && p_.labels[i] != p_.labels[i - 1];
      skip_[i] = may_skip ? 0.0f : kExponentOfZero;
    }
  }

  // Returns the probability of the labels as fraction * 2^exponent.
  void forward(double& fraction, double& exponent) const {
    alpha(0).clear(-kCtcMargin, states());
    alpha(0).put_one(0);
    for (int t = 0; t < p_.time_steps; ++t) {
      softmax(t);
      advance(t);
    }
    const StateRow last = alpha(p_.time_steps);
    const long s = p_.label_count;  // the end: the last blank, or the last label before it
    const double e1 = last.blank.exponent[s], e2 = last.label.exponent[s - 1];
    exponent = e1 > e2 ? e1 : e2;
    fraction =
        last.blank.fraction[s] * exp2(e1 - exponent) + last.label.fraction[s - 1] * exp2(e2 - exponent);
  }

  void backward(double fraction, double exponent) const {
    beta_.clear(-kCtcMargin, states() + kCtcMargin);
    beta_.put_one(p_.label_count);
    const Vector total_exponent = Vector::broadcast(static_cast<float>(exponent));
    const Vector one_over_fraction = Vector::broadcast(static_cast<float>(1.0 / fraction));
    for (int t = p_.time_steps - 1; t >= 0; --t) retreat(t, one_over_fraction, total_exponent);
  }

 private:
  // Rounded up to whole vectors of any variant.
  long states() const { return row_ - 2 * kCtcMargin; }
  StateRow alpha(long t) const {
    return {alphas_ + t * 4 * row_, row_};
  }  // of step t - 1; 0: before the first
  PartsRow classes(long t) const {
    return {classes_ + t * 2 * class_row_, classes_ + t * 2 * class_row_ + class_row_};
  }

  // The probabilities of the classes at step t.
  void softmax(long t) const {
    const float* x = p_.logits + t * p_.logits_stride;
    const PartsRow to = classes(t);
    const Vector largest = Vector::broadcast(largest_of(x, p_.classes));
    Vector sums = Vector::zero();
    for (long k = 0; k < p_.classes; k += Vector::kLanes) {
      const Vector::Mask mask = Vector::first(p_.classes - k);
      const Vector difference = Vector::load(x + k, mask) - largest;
      const Vector::Mask is_zero = is_less(difference, Vector::broadcast(-1e6f));
      Parts e = exponential_parts(difference);
      e.fraction = select(is_zero, Vector::zero(), e.fraction);
      e.exponent = select(is_zero, Vector::broadcast(kExponentOfZero), e.exponent);
      to.store(k, e);
      sums = sums + select(mask, scale(e.fraction, e.exponent), Vector::zero());
    }
    const Vector one_over_sum = Vector::broadcast(1.0f / sum(sums));
    for (long k = 0; k < p_.classes; k += Vector::kLanes) {
      (Vector::load(to.fraction + k) * one_over_sum).store(to.fraction + k);
    }
  }

  // The probability of blank and label i at step t; zero where there is none.
  Parts blank_emission(PartsRow classes, long i) const {
    const Vector::Mask mask = Vector::first(i <= p_.label_count ? p_.label_count + 1 - i : 0);
    return {select(mask, Vector::broadcast(classes.fraction[0]), Vector::zero()),
            Vector::broadcast(classes.exponent[0])};
  }
  Parts label_emission(PartsRow classes, long i) const {
    const Vector::Mask mask = Vector::first(i < p_.label_count ? p_.label_count - i : 0);
    return {gather(classes.fraction, labels_ + i, mask), gather(classes.exponent, labels_ + i, mask)};
  }

  void advance(long t) const {
    const StateRow from = alpha(t), to = alpha(t + 1);
    const PartsRow emissions = classes(t);
    to.clear(-kCtcMargin, 0);
    for (long i = 0; i < states(); i += Vector::kLanes) {
      const Parts blank = from.blank.load(i), label = from.label.load(i);
      Parts before = from.label.load(i - 1);
      to.blank.store(i, multiply(add(blank, before), blank_emission(emissions, i)));
      before.exponent = before.exponent + Vector::load(skip_ + i);
      to.label.store(i, multiply(add(label, blank, before), label_emission(emissions, i)));
    }
  }

  // beta_ goes from "from t + 1 on, with the emission there" to the same of t; in place, because what lies
  // behind is read before it is written.
  void retreat(long t, Vector one_over_fraction, Vector total_exponent) const {
    const StateRow alphas = alpha(t + 1);
    const PartsRow emissions = classes(t);
    const auto occupancy = [&](Parts a, Parts b) {
      const Vector value =
          scale(a.fraction * b.fraction * one_over_fraction, a.exponent + b.exponent - total_exponent);
      return smaller(Vector::broadcast(1.0f), value);
    };
    Vector of_blank = Vector::zero();
    for (long i = 0; i < states(); i += Vector::kLanes) {
      const Parts blank = beta_.blank.load(i), label = beta_.label.load(i),
                  next_blank = beta_.blank.load(i + 1);
      Parts next = beta_.label.load(i + 1);
      next.exponent = next.exponent + Vector::load(skip_ + i + 1);
      const Parts from_blank = add(blank, label), from_label = add(label, next_blank, next);
      of_blank = of_blank + occupancy(alphas.blank.load(i), from_blank);
      occupancy(alphas.label.load(i), from_label).store(occupancy_ + i);
      beta_.blank.store(i, multiply(from_blank, blank_emission(emissions, i)));
      beta_.label.store(i, multiply(from_label, label_emission(emissions, i)));
    }
    float* d = p_.d_logits + t * p_.d_logits_stride;
    for (long k = 0; k < p_.classes; k += Vector::kLanes) {
      const Parts probability = emissions.load(k);
      scale(probability.fraction, probability.exponent).store(d + k, Vector::first(p_.classes - k));
    }
    d[0] -= sum(of_blank);
    for (long i = 0; i < p_.label_count; ++i) d[labels_[i]] -= occupancy_[i];
  }

  const CtcProblem& p_;
  long row_, class_row_;
  float* alphas_;     // (T + 1, 4, row): fraction and exponent of blanks and labels
  float* classes_;    // (T, 2, class row)
  StateRow beta_;     // (4, row)
  float* skip_;       // (row) exponent of whether label i may follow label i - 1 directly: 1 or 0
  float* occupancy_;  // (row) of the labels at one step
  int* labels_;       // (row)
};

double ctc_vector(const CtcProblem& problem, float* scratch) noexcept {
  if (!ctc_is_feasible(problem)) return ctc_impossible(problem);
  const Ctc ctc(problem, scratch);
  double fraction = 0.0, exponent = 0.0;
  ctc.forward(fraction, exponent);
  if (fraction == 0.0) return ctc_impossible(problem);
  ctc.backward(fraction, exponent);
  return -(log(fraction) + exponent * 0.69314718055994530942);
}

}  // namespace
}  // namespace lstm::kernels
