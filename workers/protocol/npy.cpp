#include "protocol/npy.h"

#include <fmt/format.h>

#include <fstream>
#include <numeric>
#include <string>
#include <type_traits>

#include "protocol/serve.h"

namespace protocol {

namespace {

constexpr std::size_t kMagicBytes = 6;

template <class T>
const char* type_name() {
  if constexpr (std::is_same_v<T, float>) return "<f4";
  if constexpr (std::is_same_v<T, double>) return "<f8";
  if constexpr (std::is_same_v<T, std::int32_t>) return "<i4";
}

std::string shape_text(const Shape& shape) {
  std::string text = "(";
  for (std::size_t i = 0; i < shape.size(); ++i) text += fmt::format("{}{}", i > 0 ? ", " : "", shape[i]);
  return text + (shape.size() == 1 ? ",)" : ")");
}

// The header as NumPy itself writes it: keys in alphabetical order.
std::string header_text(const char* type, const Shape& shape) {
  return fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': {}, }}", type, shape_text(shape));
}

std::size_t count(const Shape& shape) {
  return static_cast<std::size_t>(
      std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>()));
}

// Reads a file up to its values and returns the header; empty where it is none.
std::string read_header(std::ifstream& file) {
  char start[kMagicBytes + 2];
  if (!file.read(start, sizeof start) || std::string(start, kMagicBytes) != "\x93NUMPY") return "";
  const std::size_t length_bytes = start[kMagicBytes] == 1 ? 2 : 4;
  unsigned char length[4] = {};
  if (!file.read(reinterpret_cast<char*>(length), static_cast<std::streamsize>(length_bytes))) return "";
  const std::size_t size = length[0] | length[1] << 8U | length[2] << 16U;
  std::string header(size, ' ');
  if (!file.read(header.data(), static_cast<std::streamsize>(size))) return "";
  return header.substr(0, header.find_last_not_of(" \n") + 1);
}

}  // namespace

template <class T>
std::vector<T> read_npy(const std::filesystem::path& path, const Shape& shape) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw bad_request(fmt::format("cannot read {}", path.string()));
  const std::string got = read_header(file), expected = header_text(type_name<T>(), shape);
  if (got != expected)
    throw bad_request(fmt::format("{}: got {}, expected {}", path.string(), got, expected));
  std::vector<T> values(count(shape));
  const auto bytes = static_cast<std::streamsize>(values.size() * sizeof(T));
  if (!file.read(reinterpret_cast<char*>(values.data()), bytes))
    throw bad_request(
        fmt::format("{} ends after {} of {} bytes of values", path.string(), file.gcount(), bytes));
  return values;
}

template <class T>
void write_npy(const std::filesystem::path& path, const Shape& shape, std::span<const T> values) {
  std::string header = header_text(type_name<T>(), shape);
  const std::size_t fixed = kMagicBytes + 4;  // magic, version, length
  header.resize((fixed + header.size()) / 64 * 64 + 64 - fixed, ' ');
  header.back() = '\n';
  std::ofstream file(path, std::ios::binary);
  file << "\x93NUMPY" << '\x01' << '\0' << static_cast<char>(header.size() & 0xFF)
       << static_cast<char>(header.size() >> 8U) << header;
  file.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size_bytes()));
  if (!file.flush()) throw Error("failed", fmt::format("cannot write {}", path.string()));
}

template std::vector<float> read_npy<float>(const std::filesystem::path&, const Shape&);
template std::vector<std::int32_t> read_npy<std::int32_t>(const std::filesystem::path&, const Shape&);
template void write_npy<float>(const std::filesystem::path&, const Shape&, std::span<const float>);
template void write_npy<double>(const std::filesystem::path&, const Shape&, std::span<const double>);

}  // namespace protocol
