// .npy files (NumPy's format, versions 1 to 3) in C order, of the few types that the worker protocol uses.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace protocol {

using Shape = std::vector<std::int64_t>;

// The values of a file that must have this type and shape. Throws Error(bad-request) naming the file, what
// was got and what was expected. T is float or std::int32_t.
template <class T>
std::vector<T> read_npy(const std::filesystem::path& path, const Shape& shape);

// Throws Error(failed) where the file cannot be written. T is float or double.
template <class T>
void write_npy(const std::filesystem::path& path, const Shape& shape, std::span<const T> values);

}  // namespace protocol
