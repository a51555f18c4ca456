// Versions of libraries as they are asked for: by `lstmbench peers`, and by --versions.
#pragma once

#include <string>
#include <vector>

#include "peers/library.h"

namespace lstmbench {

struct AskedVersion {
  const PeerLibrary* library;
  std::string version;  // empty: none was named
};

// "jax==0.9.0" or "jax=0.9.0"; "jax", without a version; "2.0.1", which is torch's. Throws
// std::invalid_argument.
AskedVersion parse_asked_version(const std::string& text);

// Each a list: "torch=1.12.1,2.0.1,jax=0.9.0". What names no library belongs to the one named before it, and
// to torch where none was. Throws std::invalid_argument, also for an item without a version.
std::vector<AskedVersion> parse_asked_versions(const std::vector<std::string>& lists);

}  // namespace lstmbench
