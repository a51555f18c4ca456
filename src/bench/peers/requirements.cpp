#include <fmt/format.h>

#include <sstream>

#include "peers/installer.h"
#include "peers/program.h"
#include "peers/version.h"

namespace lstmbench {

std::string space_problem(const PeerLibrary& library, const std::string& version, std::uint64_t free_bytes,
                          const std::filesystem::path& where) {
  constexpr double gigabyte = 1 << 30;
  const double needed = library.gigabytes(version);
  const double free = static_cast<double>(free_bytes) / gigabyte;
  if (free >= needed) return "";
  return fmt::format(
      "it needs up to {} GB, and '{}' has {:.1f} GB free (lstmbench peers list shows what others take)",
      needed, where.string(), free);
}

std::string pins_of(const std::string& output) {
  std::istringstream lines(output);
  std::string pins;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t equals = line.find("==");
    if (equals != std::string::npos && is_plain_name(line.substr(0, equals)) &&
        line.find(' ') == std::string::npos)
      pins += line + "\n";
  }
  return pins;
}

std::string install_error(const std::string& output) {
  if (output.find("No space left on device") != std::string::npos) return "no space left on the disk";
  std::istringstream lines(output);
  std::string error, cause;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t at = line.find_first_not_of(" \t×╰─▶│");
    const std::string text = at == std::string::npos ? "" : line.substr(at);
    if (error.empty() && (text.rfind("error: ", 0) == 0 || text.rfind("ERROR: ", 0) == 0))
      error = text.substr(7);
    const std::size_t caused = text.find("cause: ");
    if (caused != std::string::npos) cause = text.substr(caused + 7);
    if (text.rfind("Caused by: ", 0) == 0) cause = text.substr(11);
  }
  if (error.empty()) return last_line(output).empty() ? "it says nothing" : last_line(output);
  return cause.empty() ? error : fmt::format("{}: {}", error, cause);
}

}  // namespace lstmbench
