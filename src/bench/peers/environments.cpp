#include "peers/environments.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "peers/version.h"
#include "report/escape.h"
#include "store/database.h"

namespace lstmbench {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::json;

void write_file(const fs::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::trunc);
  file << text;
  file.close();
  if (!file) throw StorageError(fmt::format("cannot write '{}'", path.string()));
}

// "2.15.0" of "torch-2.15.0+cpu.dist-info" and "2.20.0" of "tensorflow_cpu-2.20.0.dist-info".
std::string version_of_package(const PeerLibrary& library, const std::string& file_name) {
  std::string prefix = library.package + "-";
  std::replace(prefix.begin(), prefix.end() - 1, '-', '_');
  const std::size_t end_of_version = file_name.find(".dist-info");
  if (end_of_version == std::string::npos || !file_name.starts_with(prefix)) return "";
  return file_name.substr(prefix.size(), std::min(file_name.find('+'), end_of_version) - prefix.size());
}

// The environment that `./run setup` makes has no peer.json: the installed package says its version.
std::string installed_version(const PeerLibrary& library, const fs::path& folder) {
  std::error_code error;
  for (fs::directory_iterator lib(folder / "lib", error), end; !error && lib != end; lib.increment(error)) {
    std::error_code inner;
    for (fs::directory_iterator package(lib->path() / "site-packages", inner), last;
         !inner && package != last; package.increment(inner)) {
      const std::string version = version_of_package(library, package->path().filename().string());
      if (!version.empty()) return version;
    }
  }
  return "";
}

// "version = 3.10.13" of pyvenv.cfg.
std::string configured_python(const fs::path& folder) {
  std::ifstream file(folder / "pyvenv.cfg");
  for (std::string line; std::getline(file, line);)
    if (line.compare(0, 7, "version") == 0 && line.find("= ") != std::string::npos)
      return line.substr(line.find("= ") + 2);
  return "";
}

std::optional<PeerEnvironment> read_environment(const fs::path& folder) {
  std::error_code error;
  if (!fs::exists(folder / "bin" / "python", error) || folder.extension() == ".partial") return std::nullopt;
  const std::string name = folder.filename().string();
  const PeerLibrary* called = find_library(name);
  const PeerLibrary* torch = find_library("torch");  // the only one of files that do not name one
  PeerEnvironment environment{called ? called : torch, name, "", "", "installed", folder};
  std::ifstream file(folder / "peer.json");
  const json document = json::parse(file, nullptr, false);
  if (document.is_object() && document.contains("version")) {
    environment.library = find_library(document.value("library", torch->name));
    environment.version = document.value("version", "");
    environment.python = document.value("python", "");
    environment.origin = document.value("origin", "installed");
  } else {
    environment.version = installed_version(*environment.library, folder);
    environment.python = configured_python(folder);
  }
  if (!environment.library || (environment.version.empty() && !called)) return std::nullopt;
  return environment;
}

}  // namespace

std::vector<PeerEnvironment> list_environments(const fs::path& environments) {
  std::vector<PeerEnvironment> found;
  std::error_code error;
  for (fs::directory_iterator entry(environments, error), end; !error && entry != end; entry.increment(error))
    if (auto environment = read_environment(entry->path())) found.push_back(std::move(*environment));
  std::sort(found.begin(), found.end(), [](const PeerEnvironment& a, const PeerEnvironment& b) {
    if (a.library != b.library) return a.library < b.library;  // as in their table
    return is_same_version(a.version, b.version) ? a.name < b.name : is_earlier_version(a.version, b.version);
  });
  return found;
}

std::optional<PeerEnvironment> find_environment(const std::vector<PeerEnvironment>& environments,
                                                const PeerLibrary& library, const std::string& version) {
  for (const auto& environment : environments)
    if (environment.library == &library && environment.name == environment_name(library, version))
      return environment;
  if (version.empty() || std::isdigit(static_cast<unsigned char>(version.front())) == 0) return std::nullopt;
  for (const auto& environment : environments)
    if (environment.library == &library && is_same_version(environment.version, version)) return environment;
  return std::nullopt;
}

void describe_environment(const PeerEnvironment& environment) {
  const json document{{"library", environment.library->name},
                      {"version", environment.version},
                      {"python", environment.python},
                      {"origin", environment.origin}};
  write_file(environment.folder / "peer.json", document.dump(1) + "\n");
}

void write_launcher(const fs::path& folder, const std::string& interpreter, const std::string& packages) {
  std::error_code error;
  fs::create_directories(folder / "bin", error);
  std::string text = "#!/bin/sh\n";
  if (!packages.empty())
    text += fmt::format("PYTHONPATH=$(dirname \"$0\")/../{}\nexport PYTHONPATH\n", packages);
  write_file(folder / "bin" / "python", text + fmt::format("exec {} \"$@\"\n", escape_shell(interpreter)));
  chmod((folder / "bin" / "python").c_str(), 0755);
}

std::uint64_t folder_bytes(const fs::path& folder) {
  std::uint64_t bytes = 0;
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, fs::directory_options::skip_permission_denied, error), end;
  for (; !error && entry != end; entry.increment(error)) {
    struct stat status {};
    if (lstat(entry->path().c_str(), &status) == 0 && S_ISREG(status.st_mode))
      bytes += static_cast<std::uint64_t>(status.st_size);
  }
  return bytes;
}

void remove_environment(const PeerEnvironment& environment) {
  // First out of sight, so that an interruption leaves nothing that looks complete.
  fs::path hidden = environment.folder;
  hidden += ".partial";
  std::error_code error;
  fs::remove_all(hidden, error);
  fs::rename(environment.folder, hidden, error);
  if (!error) fs::remove_all(hidden, error);
  if (error)
    throw StorageError(fmt::format("cannot remove '{}': {}", environment.folder.string(), error.message()));
}

}  // namespace lstmbench
