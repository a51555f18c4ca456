// Whether the losses of full-size training steps follow the same path in every case of a workload.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace lstmbench {

// The losses of one case of a workload, one a step, from the prepared parameters on.
struct Trajectory {
  std::string case_id;
  std::string dtype;
  std::vector<double> losses;
};

struct TrajectoryFault {
  std::string case_id;
  std::size_t step = 0;  // the first step that is off
  double loss = 0;
  double expected = 0;
  std::string explanation;  // for people
};

// The largest relative difference of a loss after `step` updates that is rounding and not a mistake; reasons
// in docs/correctness.md.
double trajectory_tolerance(const std::string& dtype, std::size_t step);

// All trajectories are of one workload, of any dtypes. Expected at a step is the median of the fp64 and fp32
// cases, else of all. A case is also at fault where its losses never change (parameters that do not move). At
// most one fault a case, in the order given.
std::vector<TrajectoryFault> compare_trajectories(std::span<const Trajectory> trajectories);

}  // namespace lstmbench
