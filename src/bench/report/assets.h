// Files beside this one that the program carries with it: chart specifications, the page's style and script.
#pragma once

#include <string_view>

namespace lstmbench {

// By path below src/bench/report: "charts/bars.vl.json". Throws std::out_of_range for one that there is not.
std::string_view asset(std::string_view path);

}  // namespace lstmbench
