#include "run/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace lstmbench {

std::string protocol_name(const std::string& stored) {
  return stored == "seed" ? "original" : stored;
}

double parse_duration(const std::string& text) {
  const auto refuse = [&]() -> double {
    throw std::invalid_argument(fmt::format(
        "'{}' is no duration; expected seconds (90) or hours, minutes and seconds (1h, 10m, 1m30s)", text));
  };
  constexpr double longest_s = 100 * 365.25 * 24 * 3600;  // its milliseconds fit everywhere
  double total = 0;
  std::size_t at = 0;
  double last_unit = 1e9;
  while (at < text.size()) {
    std::size_t used = 0;
    double number = 0;
    if (!std::isdigit(static_cast<unsigned char>(text[at])) && text[at] != '.') return refuse();
    try {
      // Digits and a point only: stod would also take exponents and hexadecimal numbers.
      const std::size_t end = std::min(text.find_first_not_of("0123456789.", at), text.size());
      number = std::stod(text.substr(at, end - at), &used);
    } catch (const std::exception&) {
      return refuse();
    }
    at += used;
    const char unit = at < text.size() ? text[at++] : 's';
    const double seconds = unit == 'h' ? 3600 : unit == 'm' ? 60 : unit == 's' ? 1 : 0;
    if (seconds == 0 || seconds >= last_unit) return refuse();
    last_unit = seconds;
    total += number * seconds;
  }
  if (!(total > 0) || !std::isfinite(total)) return refuse();
  if (total > longest_s)
    throw std::invalid_argument(fmt::format("'{}' is longer than a hundred years", text));
  return total;
}

std::string format_duration(double seconds) {
  if (seconds < 0.000995) return fmt::format("{:.0f} us", seconds * 1e6);
  if (seconds < 0.00995) return fmt::format("{:.1f} ms", seconds * 1000);
  if (seconds < 0.0995) return fmt::format("{:.0f} ms", seconds * 1000);
  if (seconds < 9.95) return fmt::format("{:.1f} s", seconds);
  const long whole = std::lround(seconds);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{}:{:02} min", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02} h", whole / 3600, whole / 60 % 60, whole % 60);
}

}  // namespace lstmbench
