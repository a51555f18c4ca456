#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/ctc/ctc_shape.h"
#include "kernels/ctc/ctc_variants.h"

// Sections 4.1 and 4.2 of the paper, in double and log space. State s of 2S + 1 is a blank where s is even,
// else label (s - 1) / 2. alpha includes the emission at its own time step, beta does not.

namespace lstm::kernels {
namespace {

constexpr double kImpossible = -std::numeric_limits<double>::infinity();

// log(exp(a) + exp(b))
double log_add(double a, double b) {
  const double largest = std::max(a, b);
  return largest == kImpossible ? kImpossible
                                : largest + std::log(std::exp(a - largest) + std::exp(b - largest));
}

struct States {
  const CtcProblem& p;

  int count() const { return 2 * p.label_count + 1; }
  int label(int s) const { return s % 2 == 0 ? 0 : p.labels[s / 2]; }
  // Whether a path may go from s - 2 to s.
  bool may_skip_to(int s) const { return s >= 2 && s < count() && label(s) != 0 && label(s) != label(s - 2); }
};

// log_p (T, V) = log-softmax(logits)
void log_softmax(const CtcProblem& p, double* log_p) {
  for (int t = 0; t < p.time_steps; ++t, log_p += p.classes) {
    const float* x = p.logits + t * p.logits_stride;
    const double largest = *std::max_element(x, x + p.classes);
    double sum = 0.0;
    for (int k = 0; k < p.classes; ++k) sum += std::exp(x[k] - largest);
    for (int k = 0; k < p.classes; ++k) log_p[k] = x[k] - largest - std::log(sum);
  }
}

}  // namespace

double ctc_ref(const CtcProblem& p, float* scratch) noexcept {
  if (!ctc_is_feasible(p)) return ctc_impossible(p);
  const States states{p};
  const int count = states.count();
  double* const log_p = reinterpret_cast<double*>(scratch);                             // (T, V)
  double* const alpha = log_p + static_cast<std::ptrdiff_t>(p.time_steps) * p.classes;  // (T, 2S + 1)
  double* beta = alpha + static_cast<std::ptrdiff_t>(p.time_steps) * count;             // (2S + 1)
  double* next_beta = beta + count;                                                     // (2S + 1)
  log_softmax(p, log_p);

  for (int t = 0; t < p.time_steps; ++t) {
    const double* previous = alpha + static_cast<std::ptrdiff_t>(t - 1) * count;
    for (int s = 0; s < count; ++s) {
      double sum = t == 0 && s <= 1 ? 0.0 : kImpossible;
      if (t > 0) {
        sum = previous[s];
        if (s >= 1) sum = log_add(sum, previous[s - 1]);
        if (states.may_skip_to(s)) sum = log_add(sum, previous[s - 2]);
      }
      alpha[t * static_cast<std::ptrdiff_t>(count) + s] =
          sum + log_p[t * static_cast<std::ptrdiff_t>(p.classes) + states.label(s)];
    }
  }
  const double* last = alpha + static_cast<std::ptrdiff_t>(p.time_steps - 1) * count;
  const double total = count == 1 ? last[0] : log_add(last[count - 1], last[count - 2]);
  if (total == kImpossible) return ctc_impossible(p);

  for (int s = 0; s < count; ++s) beta[s] = s >= count - 2 ? 0.0 : kImpossible;
  for (int t = p.time_steps - 1; t >= 0; --t) {
    const double* log_p_t = log_p + static_cast<std::ptrdiff_t>(t) * p.classes;
    float* d = p.d_logits + t * p.d_logits_stride;
    for (int k = 0; k < p.classes; ++k) d[k] = static_cast<float>(std::exp(log_p_t[k]));
    for (int s = 0; s < count; ++s) {
      const double occupancy = std::exp(alpha[t * static_cast<std::ptrdiff_t>(count) + s] + beta[s] - total);
      d[states.label(s)] -= static_cast<float>(occupancy);
    }
    for (int s = 0; s < count; ++s) {  // beta of t - 1
      next_beta[s] = beta[s] + log_p_t[states.label(s)];
      if (s + 1 < count) next_beta[s] = log_add(next_beta[s], beta[s + 1] + log_p_t[states.label(s + 1)]);
      if (states.may_skip_to(s + 2)) {
        next_beta[s] = log_add(next_beta[s], beta[s + 2] + log_p_t[states.label(s + 2)]);
      }
    }
    std::swap(beta, next_beta);
  }
  return -total;
}

}  // namespace lstm::kernels
