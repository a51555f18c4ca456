// Ranges of integers, and parts of them.
#pragma once

#include <cstdint>

namespace lstm::engines {

// [first, last)
struct Range {
  int first = 0, last = 0;
  int size() const { return last - first; }
};

// Part `index` of `parts` nearly equal parts of 0..count.
inline Range part_of(int count, int index, int parts) {
  const auto begin_of = [&](int part) {
    return static_cast<int>(std::int64_t{count} * part / parts);  // rows of a large batch times threads
  };
  return {begin_of(index), begin_of(index + 1)};
}

}  // namespace lstm::engines
