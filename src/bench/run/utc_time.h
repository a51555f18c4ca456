// The present moment, for records.
#pragma once

#include <string>

namespace lstmbench {

// "2026-03-01T12:34:56Z"
std::string utc_now();

}  // namespace lstmbench
