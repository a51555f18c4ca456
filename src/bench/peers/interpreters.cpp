#include "peers/interpreters.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "peers/program.h"
#include "peers/version.h"

namespace lstmbench {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds start_limit{20};

bool is_interpreter_name(
    const std::string& name) {  // python, python3, python3.11, python2.7; not python3-config
  constexpr std::string_view stem = "python";
  return name.compare(0, stem.size(), stem) == 0 &&
         name.find_first_not_of("0123456789.", stem.size()) == std::string::npos;
}

struct Candidate {
  fs::path program;
  std::string origin;
};

void add_folder(const fs::path& folder, const std::string& origin, std::vector<Candidate>& candidates) {
  std::error_code error;
  std::vector<fs::path> found;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error))
    if (is_interpreter_name(entry->path().filename().string()) && access(entry->path().c_str(), X_OK) == 0)
      found.push_back(entry->path());
  std::sort(found.begin(), found.end());
  for (auto& program : found) candidates.push_back({std::move(program), origin});
}

std::vector<Candidate> find_candidates(const InterpreterPlaces& places) {
  std::vector<Candidate> candidates;
  std::istringstream path(places.path);
  for (std::string folder; std::getline(path, folder, ':');)
    if (!folder.empty()) add_folder(folder, "PATH", candidates);
  std::error_code error;
  for (fs::directory_iterator entry(places.pyenv / "versions", error), end; !error && entry != end;
       entry.increment(error))
    add_folder(entry->path() / "bin", "pyenv", candidates);
  std::ifstream environments(places.conda);
  for (std::string prefix; std::getline(environments, prefix);)
    if (!prefix.empty()) add_folder(fs::path(prefix) / "bin", "conda", candidates);
  if (!places.conda_prefix.empty()) add_folder(fs::path(places.conda_prefix) / "bin", "conda", candidates);
  return candidates;
}

ProgramResult ask_for_version(const std::string& program) {
  return run_program({program, "-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"},
                     {{"PYTHONPATH", ""}}, start_limit);
}

std::string version_in(const ProgramResult& result) {
  const std::string version = last_line(result.output);
  const bool is_version =
      version_numbers(version).size() == 3 && version.find_first_not_of("0123456789.") == std::string::npos;
  return result.succeeded && is_version ? version : "";
}

}  // namespace

std::string python_version(const std::string& program) {
  return version_in(ask_for_version(program));
}

bool is_no_python(const std::string& program) {
  const ProgramResult result = ask_for_version(program);
  return !result.was_ended && version_in(result).empty();
}

std::vector<Interpreter> find_interpreters(const InterpreterPlaces& places) {
  std::vector<Interpreter> found;
  std::vector<fs::path> seen;
  for (const auto& candidate : find_candidates(places)) {
    std::error_code error;
    const fs::path real = fs::canonical(candidate.program, error);
    if (error || std::find(seen.begin(), seen.end(), real) != seen.end()) continue;
    seen.push_back(real);
    const std::string version = python_version(candidate.program.string());
    const bool is_known = std::any_of(found.begin(), found.end(), [&](const Interpreter& other) {
      return minor_version(other.version) == minor_version(version);
    });
    if (!version.empty() && !is_known)
      found.push_back({candidate.program.string(), version, candidate.origin});
  }
  std::sort(found.begin(), found.end(), [](const Interpreter& a, const Interpreter& b) {
    return is_earlier_version(b.version, a.version);
  });
  return found;
}

}  // namespace lstmbench
