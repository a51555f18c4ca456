#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "peers/installer.h"
#include "peers/version.h"

namespace lstmbench {

// One that a version has a build for: first those with a lock file, which are known to work, last those that
// uv does not know.
std::optional<Interpreter> Installer::fitting_interpreter(const PeerRequest& request) {
  std::vector<Interpreter> candidates = interpreters();
  const auto rank = [&](const Interpreter& one) {
    return std::pair(lock_for({request.library, request.version}, one.version).empty(),
                     is_earlier_version(one.version, oldest_python_of_uv));
  };
  std::stable_sort(candidates.begin(), candidates.end(),
                   [&](const Interpreter& a, const Interpreter& b) { return rank(a) < rank(b); });
  const auto found = std::find_if(candidates.begin(), candidates.end(), [&](const Interpreter& one) {
    return index_of(*request.library).has_build(request.version, minor_version(one.version));
  });
  return found == candidates.end() ? std::nullopt : std::optional(*found);
}

// One that the newest version has a build for; of several the newest.
std::optional<Interpreter> Installer::newest_interpreter(const PeerLibrary& library) {
  std::optional<Interpreter> best;
  std::string best_version;
  for (const auto& interpreter : interpreters()) {
    if (is_earlier_version(interpreter.version, oldest_python_of_uv)) continue;
    const auto& versions = index_of(library).versions_for(minor_version(interpreter.version));
    if (versions.empty() || (best && !is_earlier_version(best_version, versions.front()))) continue;
    best = interpreter;
    best_version = versions.front();
  }
  return best;
}

std::string Installer::why_none_fits(const PeerRequest& request) {
  PackageIndex& index = index_of(*request.library);
  const auto pythons = index.pythons_of(request.version);
  if (pythons.empty()) {
    const auto all = index.all_versions();
    const auto nearest = nearest_versions(request.version, all);
    if (nearest.empty()) return "the package index has no build of it for this system";
    const bool is_too_old = is_earlier_version(request.version, nearest.front());
    return fmt::format("there is no such version to install; the nearest: {}{}", fmt::join(nearest, ", "),
                       is_too_old ? " (one that you have: --python PATH)" : "");
  }
  const std::string builds = fmt::format("it has builds for Python {}", fmt::join(pythons, ", "));
  if (!request.python.empty())
    return fmt::format("{}; '{}' is {}", builds, request.python, python_version(request.python));
  std::vector<std::string> found;
  for (const auto& interpreter : interpreters()) found.push_back(minor_version(interpreter.version));
  return fmt::format(
      "{}; found: {}; install one of the former (`pyenv install {}`, or uv, conda), or name it with --python "
      "PATH",
      builds, fmt::join(found, ", "), pythons.back());
}

Interpreter Installer::choose_interpreter(const PeerRequest& request) {
  const PeerLibrary& library = *request.library;
  std::optional<Interpreter> found;
  if (!request.python.empty()) {
    const Interpreter named{request.python, python_version(request.python), "--python"};
    if (index_of(library).has_build(request.version, minor_version(named.version))) found = named;
  } else {
    found = request.version.empty() ? newest_interpreter(library) : fitting_interpreter(request);
  }
  if (!found) throw PeerFailure(why_none_fits(request));
  return *found;
}

}  // namespace lstmbench
