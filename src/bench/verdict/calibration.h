// What the harness says about two measurements of the same: its own error and false alarms, and those that
// the original's method has on the same samples.
#pragma once

#include <string>
#include <vector>

#include "statistics/verdict.h"
#include "store/records.h"

namespace lstmbench {

// Of many comparisons of a case with itself.
struct ErrorDistribution {
  double median = 0, p95 = 0, largest = 0;  // of |ratio - 1|
  double false_alarms = 0;                  // share of comparisons that call a difference
  int windows = 0;   // comparisons: stretches of rounds, each beginning one round after the one before
  int disjoint = 0;  // of which so many share no round
};

struct Calibration {
  Case a_case;
  int rounds = 0;              // of each comparison
  ErrorDistribution own;       // rounds, medians, paired ratios, verdicts
  ErrorDistribution original;  // one block after the other, mean of whole steps, Welch's t-test
  Judgement whole;             // of all rounds together, whatever `rounds` says
};

// The fewest rounds that a calibration can be made of.
constexpr int least_calibration_rounds = 12;

// For each case that has a control, and each number of rounds (6, 12, 24, ...) that was measured at least
// twice over: the original's method needs twice as many, because it measures one block after the other.
std::vector<Calibration> calibrate(const StoredRun& stored);

}  // namespace lstmbench
