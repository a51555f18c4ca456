#include "peers/library.h"

#include <fmt/format.h>

#include <algorithm>

#include "peers/version.h"

namespace lstmbench {
namespace {

bool is_before(const std::string& version, std::string_view other) {
  return !version.empty() && is_earlier_version(version, other);
}

std::vector<std::string> companions_of_torch(const std::string& version) {
  std::vector<std::string> companions{is_before(version, "2.3.0") ? "numpy<2" : "numpy"};
  // pkg_resources as they were: imported by 1.10 at once, by torch.compile of 2.0 when it compiles.
  if (is_before(version, "2.2.0")) companions.emplace_back("setuptools<60");
  return companions;
}

// Since 1.13 the libraries of CUDA are packages of their own, which uv keeps unpacked.
double gigabytes_of_torch(const std::string& version) {
  return is_before(version, "1.13.0") ? 3 : 8;
}

std::vector<std::string> companions_of_jax(const std::string&) {
  return {"flax", "optax", "numpy"};
}

std::vector<std::string> companions_of_tensorflow(const std::string&) {
  return {"numpy"};
}

template <typename Predicate>
const PeerLibrary* find_if(Predicate predicate) {
  const auto& libraries = peer_libraries();
  const auto found = std::find_if(libraries.begin(), libraries.end(), predicate);
  return found == libraries.end() ? nullptr : &*found;
}

}  // namespace

const std::array<PeerLibrary, 3>& peer_libraries() {
  static const std::array<PeerLibrary, 3> libraries{{
      {.name = "torch",
       .worker = "pytorch",
       .package = "torch",
       .builds = "torch",
       .modules = "numpy",
       .companions = companions_of_torch,
       .gigabytes = gigabytes_of_torch,
       .least_gigabytes = 1.4,  // smaller than any build for the CPU alone
       .has_cpu_index = true,
       .is_looked_for = true,
       .takes_engine = true},
      {.name = "jax",
       .worker = "jax",
       .package = "jax",
       .builds = "jaxlib",
       .modules = "numpy, flax, optax",
       .companions = companions_of_jax,
       .gigabytes = [](const std::string&) { return 1.5; },
       .least_gigabytes = 1.5,
       .has_cpu_index = false,
       .is_looked_for = false,
       .takes_engine = false},
      {.name = "tensorflow",
       .worker = "tensorflow",
       .package = "tensorflow-cpu",  // the general build carries code for GPUs
       .builds = "tensorflow-cpu",
       .modules = "numpy",
       .companions = companions_of_tensorflow,
       .gigabytes = [](const std::string&) { return 3.0; },
       .least_gigabytes = 3,
       .has_cpu_index = false,
       .is_looked_for = false,
       .takes_engine = false},
  }};
  return libraries;
}

const PeerLibrary* find_library(std::string_view name) {
  return find_if([&](const PeerLibrary& library) { return library.name == name; });
}

const PeerLibrary* library_of_worker(std::string_view worker) {
  return find_if([&](const PeerLibrary& library) { return library.worker == worker; });
}

std::string library_names() {
  std::string names;
  for (const auto& library : peer_libraries()) names += (names.empty() ? "" : ", ") + library.name;
  return names;
}

std::string label(const PeerLibrary& library, const std::string& version) {
  return version.empty() ? library.name : library.name + " " + version;
}

std::string pin(const PeerLibrary& library, const std::string& version) {
  return version.empty() ? library.name : library.name + "==" + version;
}

std::string environment_name(const PeerLibrary& library, const std::string& version) {
  return version.empty() ? library.name : library.name + "-" + version;
}

std::vector<std::string> requirements_of(const PeerLibrary& library, const std::string& version) {
  std::vector<std::string> requirements{version.empty() ? library.package : library.package + "==" + version};
  for (auto& companion : library.companions(version)) requirements.push_back(std::move(companion));
  return requirements;
}

std::string version_program(const PeerLibrary& library) {
  return fmt::format("import {0}, {1}; print('{1} ' + {1}.__version__)", library.modules, library.name);
}

}  // namespace lstmbench
