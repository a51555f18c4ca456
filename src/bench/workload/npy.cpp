// The format: numpy.lib.format, https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#include "workload/npy.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <fstream>
#include <limits>
#include <stdexcept>
#include <string_view>

namespace lstmbench {
namespace {

static_assert(std::endian::native == std::endian::little, "files are written as memory has them");

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::size_t longest_header = 1 << 16;

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& what) {
  throw std::runtime_error(fmt::format("{}: {}", file.string(), what));
}

void write(const std::filesystem::path& file, const char* dtype, const void* data, std::size_t bytes,
           std::span<const std::size_t> shape) {
  std::string header =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': {}, }}", dtype, shape_text(shape));
  constexpr std::size_t prefix = 10, alignment = 64;
  header.append((alignment - (prefix + header.size() + 1) % alignment) % alignment, ' ');
  header += '\n';
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << magic << '\x01' << '\x00';
  out.put(static_cast<char>(header.size() & 255)).put(static_cast<char>(header.size() >> 8));
  out << header;
  out.write(static_cast<const char*>(data), static_cast<std::streamsize>(bytes));
  out.close();
  if (!out) refuse(file, fmt::format("cannot write {} bytes: {}", bytes, std::strerror(errno)));
}

// The text after 'key': in the header's Python dictionary, up to the end of the value.
std::string_view header_value(const std::filesystem::path& file, std::string_view header,
                              std::string_view key) {
  const std::size_t at = header.find(fmt::format("'{}'", key));
  const std::size_t colon = at == header.npos ? at : header.find(':', at);
  if (colon == header.npos) refuse(file, fmt::format("its header has no '{}'", key));
  std::string_view value = header.substr(colon + 1);
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  const char closing = value.starts_with('(') ? ')' : value.starts_with('\'') ? '\'' : ',';
  const std::size_t end = value.find(closing, closing == ',' ? 0 : 1);
  if (end == value.npos) refuse(file, fmt::format("the '{}' in its header does not end", key));
  return value.substr(0, closing == ',' ? end : end + 1);
}

std::vector<std::size_t> parse_shape(const std::filesystem::path& file, std::string_view text) {
  if (text.empty()) refuse(file, "its header has no shape");
  std::vector<std::size_t> shape;
  std::size_t extent = 0;
  bool has_digits = false;
  for (const char c : text.substr(1)) {
    if (c >= '0' && c <= '9') {
      if (extent > std::numeric_limits<std::int32_t>::max()) refuse(file, "its shape is too large");
      extent = extent * 10 + static_cast<std::size_t>(c - '0');
      has_digits = true;
    } else if (c == ',' || c == ')') {
      if (has_digits) shape.push_back(extent);
      extent = 0;
      has_digits = false;
    } else if (c != ' ') {
      refuse(file, fmt::format("its shape {} is not a tuple of numbers", text));
    }
  }
  return shape;
}

std::string read_header(const std::filesystem::path& file, std::istream& in) {
  char start[8] = {};
  in.read(start, sizeof start);
  if (!in || std::string_view(start, magic.size()) != magic) refuse(file, "not an .npy file");
  const int version = static_cast<unsigned char>(start[6]);
  if (version < 1 || version > 3) refuse(file, fmt::format(".npy version {}, expected 1 to 3", version));
  unsigned char size_bytes[4] = {};
  in.read(reinterpret_cast<char*>(size_bytes), version == 1 ? 2 : 4);
  const std::size_t size = size_bytes[0] | size_bytes[1] << 8 | size_bytes[2] << 16 |
                           static_cast<std::size_t>(size_bytes[3]) << 24;
  if (!in || size > longest_header) refuse(file, "its header is damaged");
  std::string header(size, '\0');
  in.read(header.data(), static_cast<std::streamsize>(size));
  if (!in) refuse(file, "it ends inside its header");
  return header;
}

template <typename T>
std::vector<double> read_values(std::istream& in, std::size_t count) {
  std::vector<T> values(count);
  in.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(count * sizeof(T)));
  return {values.begin(), values.end()};
}

}  // namespace

std::string shape_text(std::span<const std::size_t> shape) {
  if (shape.size() == 1) return fmt::format("({},)", shape[0]);
  return fmt::format("({})", fmt::join(shape, ", "));
}

void write_npy(const std::filesystem::path& file, std::span<const float> values,
               std::span<const std::size_t> shape) {
  write(file, "<f4", values.data(), values.size_bytes(), shape);
}

void write_npy(const std::filesystem::path& file, std::span<const std::int32_t> values,
               std::span<const std::size_t> shape) {
  write(file, "<i4", values.data(), values.size_bytes(), shape);
}

NpyArray read_npy(const std::filesystem::path& file) {
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (!std::filesystem::exists(status)) refuse(file, "no such file");
  if (!std::filesystem::is_regular_file(status)) refuse(file, "not a regular file");
  std::ifstream in(file, std::ios::binary);
  if (!in) refuse(file, fmt::format("cannot be opened: {}", std::strerror(errno)));
  return read_npy(in, std::filesystem::file_size(file), file);
}

NpyArray read_npy(std::istream& in, std::uintmax_t bytes, const std::filesystem::path& file) {
  const std::string header = read_header(file, in);

  NpyArray array;
  const std::string_view quoted = header_value(file, header, "descr");
  array.dtype = quoted.size() >= 2 ? std::string(quoted.substr(1, quoted.size() - 2)) : std::string();
  if (array.dtype != "<f4" && array.dtype != "<f8")
    refuse(file, fmt::format("its dtype is {}, expected '<f4' or '<f8'", quoted));
  array.shape = parse_shape(file, header_value(file, header, "shape"));
  if (array.shape.size() > 1 && header_value(file, header, "fortran_order") != "False")
    refuse(file, "it is in Fortran order, expected C order");

  const std::size_t element = array.dtype == "<f4" ? 4 : 8;
  double expected = static_cast<double>(element);
  for (const std::size_t extent : array.shape) expected *= static_cast<double>(extent);
  const std::uintmax_t actual = bytes - static_cast<std::uintmax_t>(in.tellg());
  if (static_cast<double>(actual) != expected)
    refuse(file, fmt::format("it holds {} bytes of data, but shape {} needs {:.0f}", actual,
                             shape_text(array.shape), expected));
  const std::size_t count = actual / element;
  array.values = element == 4 ? read_values<float>(in, count) : read_values<double>(in, count);
  if (!in) refuse(file, "it cannot be read to its end");
  return array;
}

}  // namespace lstmbench
