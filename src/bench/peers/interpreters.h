// The Python interpreters of this machine: on PATH, in pyenv, in conda.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace lstmbench {

struct Interpreter {
  std::string program;
  std::string version;  // "3.7.16"
  std::string origin;   // "PATH", "pyenv", "conda"
};

// Where to look; filled in by the program, so that nothing here reads its environment.
struct InterpreterPlaces {
  std::string path;             // PATH
  std::filesystem::path pyenv;  // PYENV_ROOT or ~/.pyenv
  std::filesystem::path conda;  // ~/.conda/environments.txt: one environment a line
  std::string conda_prefix;     // CONDA_PREFIX, or empty
};

// Each that runs, newest first, one of each minor version: that of PATH before pyenv's before conda's. Throws
// WorkerFailure(interrupted).
std::vector<Interpreter> find_interpreters(const InterpreterPlaces& places);

// "3.7.16" of an interpreter; empty where it does not run.
std::string python_version(const std::string& program);

// Whether a program has shown that it is no interpreter: it cannot be started, or says something else than a
// version. One that is killed, or slow, has shown nothing.
bool is_no_python(const std::string& program);

}  // namespace lstmbench
