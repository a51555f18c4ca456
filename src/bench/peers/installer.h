// Installing a version of a library into a private environment with uv.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "peers/environments.h"
#include "peers/interpreters.h"
#include "peers/package_index.h"

namespace lstmbench {

inline constexpr const char* oldest_python_of_uv = "3.6";

// Where to look and to install; filled in by the program.
struct PeerPlaces {
  InterpreterPlaces interpreters;
  std::filesystem::path data;     // environments/ and uv/ are below
  std::filesystem::path workers;  // lock files that come with lstmbench are in pytorch/locks/ below:
                                  // torch-2.0.1-python3.10.txt
  std::optional<std::uint64_t> free_bytes{};  // on the disk; nothing: asked of the system
  std::string index;  // package index for uv (PIP_INDEX_URL); empty: its own, or pip's configuration
};

struct PeerRequest {
  const PeerLibrary* library;
  std::string version;           // empty: what `python` has, or else the newest
  std::string python{};          // an interpreter; empty: find one
  std::string name{};            // of the environment; empty: as environment_name() has it
  std::filesystem::path lock{};  // pins of exact versions; empty: the one that comes with lstmbench, if any
  // `python` must have the library: nothing is installed, and the environment is called by its version.
  bool is_there{false};
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
  std::optional<PeerEnvironment> present(const PeerRequest& request) const;
  std::optional<PeerEnvironment> registered(const PeerRequest& request, const Interpreter& interpreter);
  Interpreter choose_interpreter(const PeerRequest& request);
  const std::vector<Interpreter>& interpreters();
  PackageIndex& index_of(const PeerLibrary& library);
  std::optional<Interpreter> fitting_interpreter(const PeerRequest& request);
  std::optional<Interpreter> newest_interpreter(const PeerLibrary& library);
  std::string why_none_fits(const PeerRequest& request);
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
  std::map<const PeerLibrary*, PackageIndex> indexes_;
  std::string uv_;
};

// Why a version cannot be installed with so many bytes free; empty: it can.
std::string space_problem(const PeerLibrary& library, const std::string& version, std::uint64_t free_bytes,
                          const std::filesystem::path& where);

// The lines "package==version" of what `pip freeze` writes: a lock file.
std::string pins_of(const std::string& output);

// One line of what uv or pip say when they fail: the error and its innermost cause.
std::string install_error(const std::string& output);

}  // namespace lstmbench
