// Which build of a worker this is, so that results of two are not taken for those of one.
#pragma once

#include <string>

namespace protocol {

// The name among hello's "build" under which lstmbench looks for it: `resume` refuses another one.
inline constexpr const char* kBuildId = "build id";

// The first 16 hexadecimal digits of what the linker made of this program's code and data (the GNU build id);
// empty where it made none.
std::string build_id();

}  // namespace protocol
