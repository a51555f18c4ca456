#include "peers.h"

#include <fmt/format.h>

#include "environment.h"
#include "report/escape.h"
#include "store/database.h"

namespace lstmbench {

PeerPlaces peer_places() {
  const WorkerPlaces workers = worker_places();
  const std::filesystem::path home = environment_variable("HOME");
  PeerPlaces places;
  places.interpreters.path = environment_variable("PATH");
  places.interpreters.pyenv = environment_variable("PYENV_ROOT").empty()
                                  ? home / ".pyenv"
                                  : std::filesystem::path(environment_variable("PYENV_ROOT"));
  places.interpreters.conda = home / ".conda" / "environments.txt";
  places.interpreters.conda_prefix = environment_variable("CONDA_PREFIX");
  places.data = workers.data;
  places.workers = workers.source / "workers";
  if (environment_variable("UV_DEFAULT_INDEX").empty() && environment_variable("UV_INDEX_URL").empty())
    places.index = environment_variable("PIP_INDEX_URL");
  return places;
}

void say_of_peers(const std::string& line) {
  std::fprintf(stderr, "%s\n", escape_terminal(line).c_str());
}

void EphemeralPeers::install(const std::vector<AskedVersion>& versions) {
  const PeerPlaces places = peer_places();
  Installer installer(places, say_of_peers);
  for (const auto& [library, version] : versions) {
    if (find_environment(list_environments(places.data / "environments"), *library, version)) continue;
    try {
      environments_.push_back(installer.add({library, version}));
    } catch (const PeerFailure& failure) {
      say_of_peers(fmt::format("{}: {}", label(*library, version), failure.what()));
    }
  }
}

EphemeralPeers::~EphemeralPeers() {
  for (const auto& environment : environments_) {
    try {
      remove_environment(environment);
    } catch (const StorageError& error) {
      say_of_peers(error.what());
    }
  }
}

}  // namespace lstmbench
