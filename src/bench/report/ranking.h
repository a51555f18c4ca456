// The order of a table's rows, what they are compared with, and how they compare.
#pragma once

#include "report/model.h"

namespace lstmbench {

// Sorts the rows, ranked ones first, by time over that of the fastest; marks the reference (the run's
// baseline, else the fastest of those measured in most rounds); fills in `relative` and `verdict`.
// by_whole_steps: by the means of whole steps, which nothing is judged by.
void rank(ReportTable& table, const StoredRun& stored, bool by_whole_steps);

}  // namespace lstmbench
