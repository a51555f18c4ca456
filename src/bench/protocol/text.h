// What a worker wrote, made fit for people.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lstmbench {

bool is_valid_utf8(std::string_view bytes);
// Every byte that is no part of a well-formed character becomes U+FFFD.
std::string to_valid_utf8(std::string_view bytes);

// For showing a line in a message: in single quotes, control characters and bytes that are not UTF-8 as \n,
// \t, \xNN; where longer than `longest` bytes, its start, "..." and how long it was.
std::string in_quotes(std::string_view bytes, std::size_t longest = 200);

// A message written by a worker: valid UTF-8, control characters except line feeds as \xNN, shortened.
std::string printable(std::string_view message, std::size_t longest = 4000);

}  // namespace lstmbench
