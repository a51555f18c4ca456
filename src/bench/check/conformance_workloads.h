// The small problems that every worker has to get right.
#pragma once

#include <vector>

#include "workload/workload.h"

namespace lstmbench {

// Both losses, one and two directions, one and more layers, equal and unequal lengths, and the padded form;
// sizes that are no multiple of any vector width.
const std::vector<Workload>& conformance_workloads();

}  // namespace lstmbench
