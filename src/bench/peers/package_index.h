// Which versions of torch there are to install, asked from the package index through pip.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace lstmbench {

class PackageIndex {
 public:
  // pip: the words that start it, for instance {"python3", "-m", "pip"}.
  explicit PackageIndex(std::vector<std::string> pip) : pip_(std::move(pip)) {}

  // Versions with a build for a Python ("3.7") on this system, newest first; asked once. Throws
  // std::runtime_error where the index cannot be asked.
  const std::vector<std::string>& versions_for(const std::string& python);

  // Versions with a build for any Python that torch ever had builds for.
  std::vector<std::string> all_versions();
  // The Pythons that a version has builds for, oldest first.
  std::vector<std::string> pythons_of(const std::string& version);

 private:
  std::vector<std::string> pip_;
  std::map<std::string, std::vector<std::string>> versions_;
};

// "Available versions: 1.4.0, 1.3.1" in what `pip index versions` writes; empty where there is no such line.
std::vector<std::string> parse_available_versions(const std::string& output);

}  // namespace lstmbench
