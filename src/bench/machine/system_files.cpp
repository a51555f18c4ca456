#include "machine/system_files.h"

#include <fstream>
#include <sstream>

namespace lstmbench {
namespace {

std::string trimmed(const std::string& text) {
  const auto begin = text.find_first_not_of(" \t\n");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t\n") - begin + 1);
}

}  // namespace

std::optional<std::string> SystemFiles::text(const std::string& path) const {
  std::ifstream file(root_ / std::filesystem::path(path).relative_path());
  if (!file) return std::nullopt;
  std::ostringstream content;
  content << file.rdbuf();
  if (file.bad()) return std::nullopt;
  return trimmed(content.str());
}

std::optional<long long> SystemFiles::integer(const std::string& path) const {
  const auto content = text(path);
  if (!content) return std::nullopt;
  try {
    return std::stoll(*content);
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

std::map<std::string, std::string> SystemFiles::fields(const std::string& path) const {
  std::map<std::string, std::string> result;
  std::istringstream lines(text(path).value_or(""));
  for (std::string line; std::getline(lines, line);) {
    const auto colon = line.find(':');
    if (colon != std::string::npos)
      result.emplace(trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
  }
  return result;
}

bool SystemFiles::is_directory(const std::string& path) const {
  std::error_code error;
  return std::filesystem::is_directory(root_ / std::filesystem::path(path).relative_path(), error);
}

}  // namespace lstmbench
