// Names in a sentence.
#pragma once

#include <string>
#include <vector>

namespace lstmbench {

// "a", "a, b", "a, b, c and 47 more": each once, in the order given, and no more than `most` of them.
std::string name_list(const std::vector<std::string>& names, std::size_t most = 4,
                      const std::string& separator = ", ");

}  // namespace lstmbench
