// A run in the layout of the original's raw results, for its own plotting scripts.
#pragma once

#include <string>

#include "report/model.h"

namespace lstmbench {

// bench,experiment,name,parameters,runtime,version; a line a step in run order, seconds of whole steps. Of
// runs in rounds only timed steps; of others all, so that `tail(400)` drops the warm-up. Cases that did not
// end OK have no place in this layout.
std::string render_rnn_benchmarks(const Report& report);

}  // namespace lstmbench
