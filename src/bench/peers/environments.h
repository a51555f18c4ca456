// The private environments of peers: what is installed, where, how large.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "peers/library.h"

namespace lstmbench {

// One environment: a folder with bin/python, peer.json and, where it was installed here, lock.txt.
struct PeerEnvironment {
  const PeerLibrary* library;
  std::string name;     // of its folder: "torch-2.0.1", or "torch" for the one that is measured by default
  std::string version;  // of the library: "2.0.1"
  std::string python;   // "3.10.13"
  std::string origin;   // "installed", or the interpreter that has the library: "/opt/old/bin/python"
  std::filesystem::path folder;

  std::filesystem::path interpreter() const { return folder / "bin" / "python"; }
};

// All complete ones below the folder, by library and then oldest version first; without what setup installs
// besides. A library's default one counts even where its version is not known (empty): runs would take it.
std::vector<PeerEnvironment> list_environments(const std::filesystem::path& environments);

// The one called LIBRARY-VERSION, or else one that has this version of the library; without a version the
// default one.
std::optional<PeerEnvironment> find_environment(const std::vector<PeerEnvironment>& environments,
                                                const PeerLibrary& library, const std::string& version);

// Writes peer.json. Throws StorageError.
void describe_environment(const PeerEnvironment& environment);

// Makes bin/python a program that starts another interpreter, with further packages where that is not empty
// (a folder below the environment's). Throws StorageError.
void write_launcher(const std::filesystem::path& folder, const std::string& interpreter,
                    const std::string& packages);

// Bytes of all files below; what cannot be read counts as nothing.
std::uint64_t folder_bytes(const std::filesystem::path& folder);

// Throws StorageError.
void remove_environment(const PeerEnvironment& environment);

}  // namespace lstmbench
