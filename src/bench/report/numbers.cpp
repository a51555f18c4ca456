#include "report/numbers.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

namespace lstmbench {
namespace {

std::string four_digits(double value) {
  const int decimals = value < 9.9995 ? 3 : value < 99.995 ? 2 : value < 999.95 ? 1 : 0;
  return fmt::format("{:.{}f}", value, decimals);
}

}  // namespace

std::string format_milliseconds(double nanoseconds) {
  return four_digits(nanoseconds * 1e-6);
}

std::string format_ratio(double ratio) {
  return fmt::format("{:.{}f}", ratio, ratio < 9.995 ? 2 : ratio < 99.95 ? 1 : 0);
}

std::string format_gflops(double gflops) {
  if (gflops < 0.995) return fmt::format("{:.2g}", gflops);
  return fmt::format("{:.{}f}", gflops, gflops < 9.95 ? 1 : 0);
}

std::string format_work(double flops) {
  const char* prefixes[] = {"", "k", "M", "G", "T", "P"};
  std::size_t prefix = 0;
  for (; flops >= 999.5 && prefix + 1 < std::size(prefixes); ++prefix) flops /= 1000;
  return fmt::format("{:.{}f} {}FLOP", flops, flops < 9.995 ? 2 : flops < 99.95 ? 1 : 0, prefixes[prefix]);
}

std::string format_error(double error) {
  return std::isfinite(error) ? fmt::format("{:.0e}", error) : std::string("not finite");
}

}  // namespace lstmbench
