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

constexpr const char* prefix = "torch-";

void write_file(const fs::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::trunc);
  file << text;
  file.close();
  if (!file) throw StorageError(fmt::format("cannot write '{}'", path.string()));
}

// The environment that `./run setup` makes has no peer.json: the installed package says its version.
std::string installed_version(const fs::path& folder) {
  std::error_code error;
  for (fs::directory_iterator library(folder / "lib", error), end; !error && library != end;
       library.increment(error)) {
    std::error_code inner;
    for (fs::directory_iterator package(library->path() / "site-packages", inner), last;
         !inner && package != last; package.increment(inner)) {
      const std::string name = package->path().filename().string();
      const std::size_t end_of_version = name.find(".dist-info");
      if (name.compare(0, 6, prefix) == 0 && end_of_version != std::string::npos)
        return name.substr(6, name.find('+') < end_of_version ? name.find('+') - 6 : end_of_version - 6);
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
  PeerEnvironment environment{folder.filename().string(), "", "", "installed", folder};
  std::ifstream file(folder / "peer.json");
  const json document = json::parse(file, nullptr, false);
  if (document.is_object() && document.contains("version")) {
    environment.version = document.value("version", "");
    environment.python = document.value("python", "");
    environment.origin = document.value("origin", "installed");
  } else {
    environment.version = installed_version(folder);
    environment.python = configured_python(folder);
  }
  if (environment.version.empty()) return std::nullopt;
  return environment;
}

}  // namespace

std::vector<PeerEnvironment> list_environments(const fs::path& environments) {
  std::vector<PeerEnvironment> found;
  std::error_code error;
  for (fs::directory_iterator entry(environments, error), end; !error && entry != end; entry.increment(error))
    if (auto environment = read_environment(entry->path())) found.push_back(std::move(*environment));
  std::sort(found.begin(), found.end(), [](const PeerEnvironment& a, const PeerEnvironment& b) {
    return is_same_version(a.version, b.version) ? a.name < b.name : is_earlier_version(a.version, b.version);
  });
  return found;
}

std::optional<PeerEnvironment> find_environment(const std::vector<PeerEnvironment>& environments,
                                                const std::string& text) {
  for (const auto& environment : environments)
    if (environment.name == prefix + text) return environment;
  for (const auto& environment : environments)
    if (is_same_version(environment.version, text) && !version_numbers(text).empty() &&
        std::isdigit(static_cast<unsigned char>(text.front())) != 0)
      return environment;
  return std::nullopt;
}

void describe_environment(const PeerEnvironment& environment) {
  write_file(
      environment.folder / "peer.json",
      json{{"version", environment.version}, {"python", environment.python}, {"origin", environment.origin}}
              .dump(1) +
          "\n");
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
