// Version numbers of libraries and of Python.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lstmbench {

// "2.0.1+cu117" is {2, 0, 1}, "0.3.1.post2" and "0.3.1post2" {0, 3, 1, 2}, "0.1.12_2" {0, 1, 12, 2}: the
// numbers before a '+'.
std::vector<int> version_numbers(std::string_view version);

// Whether both name the same release, whatever it was built for.
bool is_same_version(std::string_view a, std::string_view b);
bool is_earlier_version(std::string_view a, std::string_view b);

// Of the versions that exist, the last before and the first after one that does not, in this order.
std::vector<std::string> nearest_versions(std::string_view version, std::span<const std::string> existing);

// "3.7" of "3.7.16".
std::string minor_version(std::string_view python);

// A version or the name of an environment: letters, digits and ._- only, because it becomes a folder.
bool is_plain_name(std::string_view text);

}  // namespace lstmbench
