#include "peers/version.h"

#include <algorithm>
#include <cctype>

namespace lstmbench {

std::vector<int> version_numbers(std::string_view version) {
  constexpr int largest = 100'000'000;
  std::vector<int> numbers;
  bool goes_on = false;
  for (const char character : version.substr(0, version.find('+'))) {
    const bool is_digit = std::isdigit(static_cast<unsigned char>(character)) != 0;
    if (is_digit && !goes_on) numbers.push_back(0);
    if (is_digit) numbers.back() = std::min(largest, numbers.back()) % largest * 10 + (character - '0');
    goes_on = is_digit;
  }
  return numbers;
}

bool is_same_version(std::string_view a, std::string_view b) {
  return version_numbers(a) == version_numbers(b);
}

bool is_earlier_version(std::string_view a, std::string_view b) {
  return version_numbers(a) < version_numbers(b);
}

std::vector<std::string> nearest_versions(std::string_view version, std::span<const std::string> existing) {
  const std::string* before = nullptr;
  const std::string* after = nullptr;
  for (const auto& one : existing) {
    if (is_earlier_version(one, version)) {
      if (!before || is_earlier_version(*before, one)) before = &one;
    } else if (!after || is_earlier_version(one, *after)) {
      after = &one;
    }
  }
  std::vector<std::string> result;
  for (const auto* one : {before, after})
    if (one) result.push_back(*one);
  return result;
}

std::string minor_version(std::string_view python) {
  const std::size_t first = python.find('.');
  const std::size_t second = first == std::string_view::npos ? first : python.find('.', first + 1);
  return std::string(python.substr(0, second));
}

bool is_plain_name(std::string_view text) {
  return !text.empty() && text.front() != '.' && text.front() != '-' &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
         });
}

}  // namespace lstmbench
