// What `peers` and `run --ephemeral` share: where peers are, and installing them.
#pragma once

#include <string>
#include <vector>

#include "peers/asked_version.h"
#include "peers/installer.h"

namespace lstmbench {

// From PATH, PYENV_ROOT, CONDA_PREFIX, PIP_INDEX_URL, HOME and XDG_DATA_HOME.
PeerPlaces peer_places();

// A line to standard error.
void say_of_peers(const std::string& line);

// The environments of the versions of --versions that are not there, installed now and deleted with this
// object.
class EphemeralPeers {
 public:
  EphemeralPeers() = default;
  // What cannot be installed is said and left to be missing. Throws WorkerFailure(interrupted).
  void install(const std::vector<AskedVersion>& versions);
  ~EphemeralPeers();
  EphemeralPeers(const EphemeralPeers&) = delete;
  EphemeralPeers& operator=(const EphemeralPeers&) = delete;

 private:
  std::vector<PeerEnvironment> environments_;
};

}  // namespace lstmbench
