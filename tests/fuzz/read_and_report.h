// What becomes of a results file that is read.
#pragma once

#include "report/json.h"
#include "report/model.h"
#include "store/results_file.h"

namespace lstmbench {

inline void read_and_report(ResultsFile& results, bool writes_json) {
  const auto latest = results.latest_run();
  if (!latest) return;
  const Report report = build_report(results.load_run(*latest));
  if (writes_json) render_json(report);
}

}  // namespace lstmbench
