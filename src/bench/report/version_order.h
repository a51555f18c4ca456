// The order of version numbers: "0.1.12_2" < "0.2.0" < "0.10.0".
#pragma once

#include <string_view>

namespace lstmbench {

// Runs of digits compare as numbers, everything else as text.
bool is_older(std::string_view a, std::string_view b);

}  // namespace lstmbench
