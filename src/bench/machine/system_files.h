// Reading /proc and /sys, below a root of choice so that tests can bring a machine of their own.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace lstmbench {

class SystemFiles {
 public:
  explicit SystemFiles(std::filesystem::path root = "/") : root_(std::move(root)) {}

  // The file's text without trailing white space; nothing where it cannot be read.
  std::optional<std::string> text(const std::string& path) const;
  std::optional<long long> integer(const std::string& path) const;
  // "name : value" lines, the first of each name ("/proc/cpuinfo", "/proc/meminfo").
  std::map<std::string, std::string> fields(const std::string& path) const;
  bool is_directory(const std::string& path) const;

 private:
  std::filesystem::path root_;
};

}  // namespace lstmbench
