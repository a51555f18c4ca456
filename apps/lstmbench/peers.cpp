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
  places.locks = workers.source / "workers" / "pytorch" / "locks";
  if (environment_variable("UV_DEFAULT_INDEX").empty() && environment_variable("UV_INDEX_URL").empty())
    places.index = environment_variable("PIP_INDEX_URL");
  return places;
}

std::string peer_version(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string library = equals == std::string::npos ? "torch" : text.substr(0, equals);
  if (library != "torch")
    throw std::invalid_argument(
        fmt::format("'{}': only torch has versions to choose from (torch==2.0.1)", text));
  if (equals == std::string::npos) return text == "torch" ? "" : text;
  return text.substr(text.find_first_not_of('=', equals) == std::string::npos
                         ? text.size()
                         : text.find_first_not_of('=', equals));
}

void say_of_peers(const std::string& line) {
  std::fprintf(stderr, "%s\n", escape_terminal(line).c_str());
}

void EphemeralPeers::install(const std::vector<std::string>& versions) {
  const PeerPlaces places = peer_places();
  Installer installer(places, say_of_peers);
  for (const auto& text : versions) {
    const std::string version = peer_version(text);
    if (find_environment(list_environments(places.data / "environments"), version)) continue;
    try {
      environments_.push_back(installer.add({version, "", "", ""}));
    } catch (const PeerFailure& failure) {
      say_of_peers(fmt::format("torch {}: {}", version, failure.what()));
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
