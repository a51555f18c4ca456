// The libraries that can be installed in versions of one's choice, and what each needs.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace lstmbench {

// A version is empty where the newest is meant.
struct PeerLibrary {
  std::string name;     // of its module and in what is asked for: "torch", "torch==2.0.1"
  std::string worker;   // "pytorch": workers/pytorch/worker.py, which offers pytorch/LSTM
  std::string package;  // that is installed
  std::string builds;   // the package that has a build for each Python: that one, or one below it
  std::string modules;  // what an interpreter must be able to import beside it: "numpy, flax"
  std::vector<std::string> (*companions)(const std::string& version);  // requirements beside the package
  double (*gigabytes)(const std::string& version);                     // what it takes at most
  double least_gigabytes;  // with less free, installing it is not tried
  bool has_cpu_index;      // of builds for the CPU alone, which `uv --torch-backend cpu` knows
  bool is_looked_for;      // in --python or python3, where it was not installed
  bool takes_engine;       // its worker can call this project's engine, too
};

const std::array<PeerLibrary, 3>& peer_libraries();

// Null where there is none.
const PeerLibrary* find_library(std::string_view name);
const PeerLibrary* library_of_worker(std::string_view worker);

// "torch, jax, tensorflow".
std::string library_names();

// For people: "torch 2.0.1", or "jax" for the newest.
std::string label(const PeerLibrary& library, const std::string& version);
// As it is asked for: "torch==2.0.1", or "jax".
std::string pin(const PeerLibrary& library, const std::string& version);
// Its folder: "torch-2.0.1", or "jax" for the one that takes part in every run.
std::string environment_name(const PeerLibrary& library, const std::string& version);

// What is to be installed: a version, what it was built for (NumPy) and what its worker imports.
std::vector<std::string> requirements_of(const PeerLibrary& library, const std::string& version);

// A program in Python that writes "torch 2.0.1" where the worker could import all that it needs.
std::string version_program(const PeerLibrary& library);

}  // namespace lstmbench
