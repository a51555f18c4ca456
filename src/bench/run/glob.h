// Names with wildcards: "native/*", "*/LSTM?".
#pragma once

#include <string_view>

namespace lstmbench {

bool is_glob(std::string_view pattern);
// * stands for any text, slashes included; ? for one byte.
bool matches_glob(std::string_view pattern, std::string_view text);

}  // namespace lstmbench
