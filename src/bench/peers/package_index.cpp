#include "peers/package_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <stdexcept>

#include "peers/program.h"
#include "peers/version.h"

namespace lstmbench {
namespace {

constexpr std::chrono::minutes index_limit{2};

// From the first that any library was built for to those to come.
constexpr std::array pythons{"2.7",  "3.5",  "3.6",  "3.7",  "3.8",  "3.9",
                             "3.10", "3.11", "3.12", "3.13", "3.14", "3.15"};

}  // namespace

std::vector<std::string> parse_available_versions(const std::string& output) {
  constexpr std::string_view start = "Available versions: ";
  const std::size_t at = output.find(start);
  if (at == std::string::npos) return {};
  std::istringstream line(output.substr(at + start.size(), output.find('\n', at) - at - start.size()));
  std::vector<std::string> versions;
  for (std::string version; std::getline(line >> std::ws, version, ',');) versions.push_back(version);
  return versions;
}

bool has_fitting_build(const std::string& version, const std::vector<std::string>& builds) {
  const std::vector<int> numbers = version_numbers(version);
  return std::any_of(builds.begin(), builds.end(), [&](const std::string& build) {
    const std::vector<int> other = version_numbers(build);
    return other == numbers || (other < numbers && other.size() > 1 && numbers.size() > 1 &&
                                std::equal(other.begin(), other.begin() + 2, numbers.begin()));
  });
}

std::vector<std::string> PackageIndex::ask(const std::string& package, const std::string& python) const {
  std::vector<std::string> command = pip_;
  command.insert(command.end(), {"--disable-pip-version-check", "--retries", "1", "--timeout", "20", "index",
                                 "versions", package, "--only-binary", ":all:", "--python-version", python});
  const auto result = run_program(command, {}, index_limit);
  auto versions = parse_available_versions(result.output);
  const bool has_no_build = result.output.find("No matching distribution") != std::string::npos &&
                            result.output.find("Retrying") == std::string::npos;
  if (versions.empty() && !has_no_build) {
    const bool is_offline = result.output.find("Retrying") != std::string::npos;
    throw std::runtime_error(fmt::format("the package index cannot be asked: {}",
                                         is_offline ? "no connection to it (network, proxy, PIP_INDEX_URL)"
                                         : last_line(result.output).empty() ? result.failure
                                                                            : last_line(result.output)));
  }
  return versions;
}

const std::vector<std::string>& PackageIndex::versions_for(const std::string& python) {
  const auto known = versions_.find(python);
  if (known != versions_.end()) return known->second;
  std::vector<std::string> versions = ask(library_.builds, python);
  if (library_.builds != library_.package && !versions.empty()) {
    const std::vector<std::string> builds = std::move(versions);
    versions = ask(library_.package, python);
    std::erase_if(versions, [&](const std::string& version) { return !has_fitting_build(version, builds); });
  }
  return versions_[python] = std::move(versions);
}

bool PackageIndex::has_build(const std::string& version, const std::string& python) {
  const auto& versions = versions_for(python);
  return std::any_of(versions.begin(), versions.end(), [&](const std::string& other) {
    return version.empty() || is_same_version(other, version);
  });
}

std::vector<std::string> PackageIndex::all_versions() {
  std::vector<std::string> all;
  for (const char* python : pythons)
    for (const auto& version : versions_for(python))
      if (std::find(all.begin(), all.end(), version) == all.end()) all.push_back(version);
  return all;
}

std::vector<std::string> PackageIndex::pythons_of(const std::string& version) {
  std::vector<std::string> result;
  for (const char* python : pythons)
    if (has_build(version, python)) result.emplace_back(python);
  return result;
}

}  // namespace lstmbench
