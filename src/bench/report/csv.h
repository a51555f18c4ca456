// Every step of a run as a line of CSV (RFC 4180, with a header).
#pragma once

#include <string>

#include "report/model.h"

namespace lstmbench {

std::string render_csv(const Report& report);

}  // namespace lstmbench
