// How long a training step will about take, before any was measured: what a plan and the time left are made
// of.
#pragma once

#include <string>

#include "case/case.h"

namespace lstmbench {

// Seconds of one step of forward, loss and backward on a machine of this fp32 peak (GFLOP/s of the case's
// threads). Rough: shares of the peak that were measured once per kind of implementation.
double estimated_step_s(const Case& a_case, double fp32_peak_gflops);

// Starting the worker and preparing the case.
double estimated_start_s(const Case& a_case);

}  // namespace lstmbench
