// All that becomes of a results file that is read.
#pragma once

#include "report/json.h"
#include "report/model.h"
#include "store/results_file.h"

namespace lstmbench {

inline void read_and_report(ResultsFile& results) {
  if (const auto latest = results.latest_run()) render_json(build_report(results.load_run(*latest)));
}

}  // namespace lstmbench
