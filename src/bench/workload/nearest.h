// "Did you mean ...?"
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace lstmbench {

// Insertions, deletions and replacements of one character, and swaps of two neighbours, that turn `a` into
// `b` (optimal string alignment, Damerau 1964), in bytes.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The candidate with the smallest distance (capitals count as small letters; the first among equals); empty
// where there is no candidate or even the nearest shares next to nothing with the text.
std::string nearest(std::string_view text, std::span<const std::string> candidates);

// "; did you mean 'units'?", or nothing where none is near.
std::string did_you_mean(std::string_view text, std::span<const std::string> candidates);

}  // namespace lstmbench
