// NumPy's .npy files, the part that workers and harness exchange: little-endian, C order, versions 1 to 3.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <span>
#include <string>
#include <vector>

namespace lstmbench {

struct NpyArray {
  std::string dtype;               // "<f4" or "<f8"
  std::vector<std::size_t> shape;  // empty for a scalar
  std::vector<double> values;
};

// Throw std::runtime_error naming the file where it cannot be written.
void write_npy(const std::filesystem::path& file, std::span<const float> values,
               std::span<const std::size_t> shape);
void write_npy(const std::filesystem::path& file, std::span<const std::int32_t> values,
               std::span<const std::size_t> shape);

// Reads float32 or float64. Throws std::runtime_error naming the file and what is wrong with it: missing, not
// an .npy file, another type, Fortran order, shorter or longer than its shape says.
NpyArray read_npy(const std::filesystem::path& file);
// The same from a stream of so many bytes; the file only names it.
NpyArray read_npy(std::istream& in, std::uintmax_t bytes, const std::filesystem::path& file);

// "(4, 3)", as NumPy prints it.
std::string shape_text(std::span<const std::size_t> shape);

}  // namespace lstmbench
