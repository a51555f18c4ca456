// Installing a version of torch into a private environment with uv.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "peers/environments.h"
#include "peers/interpreters.h"
#include "peers/package_index.h"

namespace lstmbench {

// Where to look and to install; filled in by the program.
struct PeerPlaces {
  InterpreterPlaces interpreters;
  std::filesystem::path data;   // environments/ and uv/ are below
  std::filesystem::path locks;  // lock files that come with lstmbench: torch-2.0.1-python3.10.txt
  std::optional<std::uint64_t> free_bytes{};  // on the disk; nothing: asked of the system
  std::string index;  // package index for uv (PIP_INDEX_URL); empty: its own, or pip's configuration
};

struct PeerRequest {
  std::string version;         // empty: whatever `python` has
  std::string python;          // an interpreter; empty: find one
  std::string name;            // of the environment; empty: torch-VERSION
  std::filesystem::path lock;  // pins of exact versions; empty: the one that comes with lstmbench, if any
};

// One line for people; other versions go on.
struct PeerFailure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Installer {
 public:
  // say: lines about what takes time.
  Installer(PeerPlaces places, std::function<void(const std::string&)> say);

  // The environment, installed now or before. What an interruption or a lost connection leaves behind is used
  // the next time. Throws PeerFailure, StorageError, WorkerFailure(interrupted).
  PeerEnvironment add(const PeerRequest& request);

 private:
  std::optional<PeerEnvironment> registered(const PeerRequest& request, const Interpreter& interpreter);
  Interpreter choose_interpreter(const PeerRequest& request);
  const std::vector<Interpreter>& interpreters();
  PackageIndex& index();
  std::filesystem::path lock_for(const PeerRequest& request, const std::string& python) const;
  PeerEnvironment install(const PeerRequest& request, const Interpreter& interpreter);
  void install_with_uv(const PeerRequest& request, const Interpreter& interpreter,
                       const std::filesystem::path& folder);
  void install_with_its_pip(const PeerRequest& request, const Interpreter& interpreter,
                            const std::filesystem::path& folder);
  void make_tools();
  std::uint64_t free_bytes() const;

  PeerPlaces places_;
  std::function<void(const std::string&)> say_;
  std::filesystem::path environments_;
  std::optional<std::vector<Interpreter>> interpreters_;
  std::optional<PackageIndex> index_;
  std::string uv_;
};

// What a version of torch wants beside itself, as requirements: numpy it was built for, and setuptools where
// it imports them.
std::vector<std::string> requirements_of(const std::string& version);

// Why a version cannot be installed with so many bytes free; empty: it can.
std::string space_problem(const std::string& version, std::uint64_t free_bytes,
                          const std::filesystem::path& where);

// The lines "package==version" of what `pip freeze` writes: a lock file.
std::string pins_of(const std::string& output);

// One line of what uv or pip say when they fail: the error and its innermost cause.
std::string install_error(const std::string& output);

}  // namespace lstmbench
