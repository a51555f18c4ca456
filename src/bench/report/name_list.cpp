#include "report/name_list.h"

#include <fmt/format.h>

#include <algorithm>

namespace lstmbench {

std::string name_list(const std::vector<std::string>& names, std::size_t most, const std::string& separator) {
  std::vector<std::string> distinct;
  for (const auto& name : names)
    if (std::find(distinct.begin(), distinct.end(), name) == distinct.end()) distinct.push_back(name);
  // A last one alone is no shorter as a number.
  const std::size_t shown = distinct.size() <= most + 1 ? distinct.size() : most;
  std::string text;
  for (std::size_t i = 0; i < shown; ++i) text += (i == 0 ? "" : separator) + distinct[i];
  if (shown < distinct.size()) text += fmt::format(" and {} more", distinct.size() - shown);
  return text;
}

}  // namespace lstmbench
