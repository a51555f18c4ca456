// The report as JSON, for programs; the format is described in docs/results.md.
#pragma once

#include <string>

#include "report/model.h"

namespace lstmbench {

std::string render_json(const Report& report);

}  // namespace lstmbench
