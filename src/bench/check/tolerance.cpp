#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "check/check.h"

namespace lstmbench {
namespace {

struct Base {
  const char* dtype;
  double tolerance;  // of one layer over 32 steps
  double largest;    // whatever the size: beyond this, a mistake would pass
};
constexpr std::array<Base, 6> bases{{{"fp32", 2e-5, 1e-3},
                                     {"bf16", 4e-2, 0.25},
                                     {"bf16x3", 8e-5, 2e-3},
                                     {"fp64", 1e-10, 1e-8},
                                     {"tf32", 5e-3, 5e-2},
                                     {"fp16", 1e-2, 0.1}}};

}  // namespace

std::vector<std::string> known_dtypes() {
  std::vector<std::string> names;
  for (const Base& base : bases) names.push_back(base.dtype);
  return names;
}

double tolerance(const std::string& dtype, int time_steps, int layers) {
  const auto base =
      std::find_if(bases.begin(), bases.end(), [&](const Base& known) { return dtype == known.dtype; });
  if (base == bases.end())
    throw std::invalid_argument(
        fmt::format("dtype '{}' has no tolerance, expected {}", dtype, fmt::join(known_dtypes(), ", ")));
  // Independent rounding errors add like a random walk: with the square root of their number.
  const double growth = std::sqrt(std::max(1.0, time_steps / 32.0)) * std::sqrt(static_cast<double>(layers));
  return std::min(base->tolerance * growth, base->largest);
}

}  // namespace lstmbench
