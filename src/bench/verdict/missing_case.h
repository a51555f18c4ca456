// A case that one run measured and a later one does not have: was it asked for?
#pragma once

#include <string>

#include "store/records.h"

namespace lstmbench {

struct MissingCase {
  bool is_wanted = true;  // nothing says that the later run was not to measure it
  std::string note;       // for people
};

// `later` holds no case like `measured`. Its stored options say whether it was to: other names after
// --workload, for instance. What an older program or a damaged file does not say counts as wanted.
MissingCase explain_missing(const StoredRun& later, const StoredCase& measured);

}  // namespace lstmbench
