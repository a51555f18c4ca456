#include "reference/ctc.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lstm::reference {
namespace {

constexpr double kLogZero = -std::numeric_limits<double>::infinity();

// log(exp(a) + exp(b)); NaN in, NaN out.
double log_add(double a, double b) {
  if (a == kLogZero) return b;
  if (b == kLogZero) return a;
  const double larger = a > b ? a : b, smaller = a > b ? b : a;
  return larger + std::log1p(std::exp(smaller - larger));
}

void log_softmax(int steps, int classes, std::span<const double> logits, std::span<double> result) {
  std::copy(logits.begin(), logits.end(), result.begin());
  for (int t = 0; t < steps; ++t) {
    const auto row = result.subspan(static_cast<std::size_t>(t) * classes, classes);
    const double largest = *std::max_element(row.begin(), row.end());
    double sum = 0;
    for (const double logit : row) sum += std::exp(logit - largest);
    for (double& logit : row) logit -= largest + std::log(sum);
  }
}

// Between two equal labels there must be a blank.
bool fit(std::span<const std::int32_t> labels, int steps) {
  std::size_t needed = labels.size();
  for (std::size_t i = 1; i < labels.size(); ++i) needed += labels[i] == labels[i - 1] ? 1 : 0;
  return needed <= static_cast<std::size_t>(steps);
}

}  // namespace

CtcScratch::CtcScratch(int steps, int classes, int max_labels)
    : states(2 * static_cast<std::size_t>(max_labels) + 1),
      log_y(static_cast<std::size_t>(steps) * static_cast<std::size_t>(classes)),
      alpha(static_cast<std::size_t>(steps) * states.size()),
      beta(alpha.size()) {}

std::size_t CtcScratch::bytes() const {
  return states.size() * sizeof(int) + (log_y.size() + alpha.size() + beta.size()) * sizeof(double);
}

double ctc(int steps, int classes, std::span<const double> logits, std::span<const std::int32_t> labels,
           CtcScratch& scratch, std::span<double> d_logits) {
  constexpr double kImpossible = std::numeric_limits<double>::infinity();
  std::fill(d_logits.begin(), d_logits.end(), 0.0);
  if (!fit(labels, steps)) return kImpossible;

  // The labels with a blank before, between and after them: l' of section 4.1.
  const std::span<int> states = std::span(scratch.states).first(2 * labels.size() + 1);
  std::fill(states.begin(), states.end(), 0);
  for (std::size_t i = 0; i < labels.size(); ++i) states[2 * i + 1] = labels[i];
  const auto S = static_cast<int>(states.size());
  // From state s - 2 to s: past a blank, where the labels around it differ.
  const auto may_skip_to = [&](int s) { return s >= 2 && states[s] != 0 && states[s] != states[s - 2]; };

  const std::span<double> log_y = scratch.log_y;
  log_softmax(steps, classes, logits, log_y);
  const auto log_emission = [&](int t, int s) {
    return log_y[static_cast<std::size_t>(t) * classes + states[s]];
  };
  const auto at = [S](int t, int s) { return static_cast<std::size_t>(t) * S + s; };

  // alpha(t, s): log probability of all prefixes that are in state s at step t, steps 0..t emitted
  // (equations 6 and 7).
  const auto all_states = static_cast<std::size_t>(steps) * states.size();
  const std::span<double> alpha = std::span(scratch.alpha).first(all_states);
  std::fill(alpha.begin(), alpha.end(), kLogZero);
  for (int s = 0; s < std::min(S, 2); ++s) alpha[at(0, s)] = log_emission(0, s);
  for (int t = 1; t < steps; ++t) {
    for (int s = 0; s < S; ++s) {
      double sum = alpha[at(t - 1, s)];
      if (s >= 1) sum = log_add(sum, alpha[at(t - 1, s - 1)]);
      if (may_skip_to(s)) sum = log_add(sum, alpha[at(t - 1, s - 2)]);
      alpha[at(t, s)] = sum + log_emission(t, s);
    }
  }
  // beta(t, s): log probability of all suffixes from state s at step t, steps t+1..end emitted (equations 9
  // to 11, without the emission of step t itself, so that alpha + beta needs no division).
  const std::span<double> beta = std::span(scratch.beta).first(all_states);
  std::fill(beta.begin(), beta.end(), kLogZero);
  for (int s = std::max(0, S - 2); s < S; ++s) beta[at(steps - 1, s)] = 0;
  for (int t = steps - 2; t >= 0; --t) {
    for (int s = 0; s < S; ++s) {
      double sum = beta[at(t + 1, s)] + log_emission(t + 1, s);
      if (s + 1 < S) sum = log_add(sum, beta[at(t + 1, s + 1)] + log_emission(t + 1, s + 1));
      if (s + 2 < S && may_skip_to(s + 2)) {
        sum = log_add(sum, beta[at(t + 1, s + 2)] + log_emission(t + 1, s + 2));
      }
      beta[at(t, s)] = sum;
    }
  }

  double log_p = alpha[at(steps - 1, S - 1)];
  if (S >= 2) log_p = log_add(log_p, alpha[at(steps - 1, S - 2)]);
  if (log_p == kLogZero) return kImpossible;

  // d loss / d logit(t, k) = y(t, k) - sum over the states s with label k of p(s at t | labels): equation 16.
  for (int t = 0; t < steps; ++t) {
    double* d = &d_logits[static_cast<std::size_t>(t) * classes];
    for (int k = 0; k < classes; ++k) d[k] = std::exp(log_y[static_cast<std::size_t>(t) * classes + k]);
    for (int s = 0; s < S; ++s) d[states[s]] -= std::exp(alpha[at(t, s)] + beta[at(t, s)] - log_p);
  }
  return -log_p;
}

}  // namespace lstm::reference
