#include <algorithm>
#include <array>
#include <string_view>

#include "machine/machine.h"

namespace lstmbench {
namespace {

constexpr std::array<std::string_view, 2> always_changing{"load average", "memory available"};
constexpr std::array<std::string_view, 3> decisive{"CPU", "instruction sets", "usable CPUs"};

template <typename Names>
bool contains(const Names& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string value_of(const MachineFacts& facts, const std::string& name) {
  for (const auto& [key, value] : facts)
    if (key == name) return value;
  return "";
}

}  // namespace

std::vector<FactDifference> differing_facts(const MachineFacts& first, const MachineFacts& second) {
  std::vector<FactDifference> differences;
  const auto add = [&](const std::string& name) {
    const bool is_known = std::any_of(differences.begin(), differences.end(),
                                      [&](const FactDifference& known) { return known.name == name; });
    const std::string before = value_of(first, name), after = value_of(second, name);
    if (before != after && !is_known && !contains(always_changing, name))
      differences.push_back({name, before, after, contains(decisive, name)});
  };
  for (const auto& fact : first) add(fact.first);
  for (const auto& fact : second) add(fact.first);
  return differences;
}

}  // namespace lstmbench
