#include "workload/nearest.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace lstmbench {
namespace {

std::string lower_case(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  // Distances of a's first i characters to each prefix of b, for the last three i.
  std::vector<std::size_t> before, last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, last[j] + 1, row[j - 1] + 1});
      const bool is_swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (is_swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = last;
    std::swap(last, row);
  }
  return last.back();
}

std::string nearest(std::string_view text, std::span<const std::string> candidates) {
  constexpr std::size_t longest = 200;  // what is longer was no typing mistake
  if (text.empty() || text.size() > longest) return {};
  const std::string typed = lower_case(text);
  std::string best;
  std::size_t best_distance = 0;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(typed, lower_case(candidate));
    // Half of the longer text may differ, or a piece of the candidate was typed.
    const bool is_near = 2 * distance <= std::max(typed.size(), candidate.size()) ||
                         lower_case(candidate).find(typed) != std::string::npos;
    if (is_near && (best.empty() || distance < best_distance)) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view text, std::span<const std::string> candidates) {
  const std::string best = nearest(text, candidates);
  return best.empty() ? std::string() : "; did you mean '" + best + "'?";
}

}  // namespace lstmbench
