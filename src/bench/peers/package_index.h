// Which versions of a library there are to install, asked from the package index through pip.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "peers/library.h"

namespace lstmbench {

class PackageIndex {
 public:
  // pip: the words that start it, for instance {"python3", "-m", "pip"}.
  PackageIndex(std::vector<std::string> pip, const PeerLibrary& library)
      : pip_(std::move(pip)), library_(library) {}

  // Versions with a build for a Python ("3.7") on this system, newest first; asked once. Throws
  // std::runtime_error where the index cannot be asked.
  const std::vector<std::string>& versions_for(const std::string& python);
  // Whether one has; of an empty version: whether any has.
  bool has_build(const std::string& version, const std::string& python);

  // Versions with a build for any Python that the libraries ever had builds for.
  std::vector<std::string> all_versions();
  // The Pythons that a version has builds for, oldest first.
  std::vector<std::string> pythons_of(const std::string& version);

 private:
  std::vector<std::string> ask(const std::string& package, const std::string& python) const;

  std::vector<std::string> pip_;
  const PeerLibrary& library_;
  std::map<std::string, std::vector<std::string>> versions_;
};

// "Available versions: 1.4.0, 1.3.1" in what `pip index versions` writes; empty where there is no such line.
std::vector<std::string> parse_available_versions(const std::string& output);

// Whether a version can be installed with the builds that there are of its other package (jaxlib): the same
// number, or, as some numbers were left out, one below it that shares the first two.
bool has_fitting_build(const std::string& version, const std::vector<std::string>& builds);

}  // namespace lstmbench
