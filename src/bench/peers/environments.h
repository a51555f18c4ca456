// The private environments of peers: what is installed, where, how large.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace lstmbench {

// One environment: a folder with bin/python, peer.json and, where it was installed here, lock.txt.
struct PeerEnvironment {
  std::string name;     // of its folder: "torch-2.0.1"
  std::string version;  // of torch: "2.0.1"
  std::string python;   // "3.10.13"
  std::string origin;   // "installed", or the interpreter that has torch: "/opt/old/bin/python"
  std::filesystem::path folder;

  std::filesystem::path interpreter() const { return folder / "bin" / "python"; }
};

// All complete ones below the folder, oldest version first; without those of other libraries.
std::vector<PeerEnvironment> list_environments(const std::filesystem::path& environments);

// The one called torch-TEXT, or else one that has this version of torch.
std::optional<PeerEnvironment> find_environment(const std::vector<PeerEnvironment>& environments,
                                                const std::string& text);

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
