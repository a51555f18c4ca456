// lstmbench peers: other libraries, and other versions of them, to compare with.
#include <fmt/format.h>

#include <chrono>

#include "command.h"
#include "environment.h"
#include "peers.h"
#include "process/interrupt.h"
#include "report/escape.h"
#include "report/text_width.h"
#include "workload/nearest.h"

namespace lstmbench {
namespace {

struct AddFlags {
  std::vector<std::string> peers;
  std::string python, name, lock;
};

std::string gigabytes(std::uint64_t bytes) {
  return fmt::format("{:.1f} GB", static_cast<double>(bytes) / (1 << 30));
}

// Without a version or a library, --python's PyTorch as it is.
std::vector<PeerRequest> requests_of(const AddFlags& flags) {
  if (flags.peers.empty() && flags.python.empty())
    throw std::invalid_argument("peers add: which? For instance jax, torch==2.0.1, or --python PATH");
  if (flags.peers.size() > 1 && !(flags.name + flags.lock + flags.python).empty())
    throw std::invalid_argument("--name, --lock and --python go with one version, not with several");
  if (flags.peers.empty()) return {{find_library("torch"), "", flags.python, flags.name, flags.lock, true}};
  std::vector<PeerRequest> requests;
  for (const auto& peer : flags.peers) {
    const AskedVersion asked = parse_asked_version(peer);
    requests.push_back({asked.library, asked.version, flags.python, flags.name, flags.lock});
  }
  return requests;
}

int add_peers(const AddFlags& flags) {
  catch_interrupts();
  const auto requests = requests_of(flags);
  Installer installer(peer_places(), say_of_peers);
  int failed = 0;
  for (const auto& request : requests) {
    const auto start = std::chrono::steady_clock::now();
    try {
      const PeerEnvironment environment = installer.add(request);
      const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      std::printf("%s: %s, Python %s, %s, %s\n", label(*request.library, environment.version).c_str(),
                  environment.name.c_str(), environment.python.c_str(),
                  gigabytes(folder_bytes(environment.folder)).c_str(), format_duration(seconds).c_str());
      std::fflush(stdout);
    } catch (const PeerFailure& failure) {
      ++failed;
      say_of_peers(
          fmt::format("lstmbench: {}: {}", label(*request.library, request.version), failure.what()));
    }
  }
  return failed == 0 ? exit_ok : exit_not_ok;
}

int list_peers() {
  const auto folder = peer_places().data / "environments";
  const auto environments = list_environments(folder);
  if (environments.empty()) {
    std::printf("no peers; `lstmbench peers add jax` or `lstmbench peers add torch==2.0.1` installs one\n");
    return exit_ok;
  }
  std::printf("%-10s %-11s %-8s %8s  %s\n", "library", "version", "python", "size", "name");
  std::uint64_t total = 0;
  for (const auto& environment : environments) {
    const std::uint64_t bytes = folder_bytes(environment.folder);
    total += bytes;
    const std::string version = environment.version.empty() ? "?" : environment.version;
    std::printf("%-10s %-11s %-8s %8s  %s\n", environment.library->name.c_str(),
                escape_terminal(version).c_str(), escape_terminal(environment.python).c_str(),
                gigabytes(bytes).c_str(), escape_terminal(environment.name).c_str());
    if (environment.origin != "installed")
      std::printf("  which is %s\n", escape_terminal(environment.origin).c_str());
  }
  std::error_code error;
  const auto space = std::filesystem::space(folder, error);
  std::printf("%s in all, %s free, in %s\n", gigabytes(total).c_str(),
              error ? "?" : gigabytes(space.available).c_str(), escape_terminal(folder.string()).c_str());
  return exit_ok;
}

// As `peers list` shows its name, or else as a library and its version.
std::optional<PeerEnvironment> find_peer(const std::vector<PeerEnvironment>& environments,
                                         const std::string& text) {
  for (const auto& environment : environments)
    if (environment.name == text) return environment;
  const AskedVersion asked = parse_asked_version(text);
  return find_environment(environments, *asked.library, asked.version);
}

std::string not_installed(const std::vector<PeerEnvironment>& environments, const std::string& text) {
  const AskedVersion asked = parse_asked_version(text);
  std::vector<std::string> known;
  for (const auto& environment : environments)
    if (environment.library == asked.library)
      known.push_back(environment.name == asked.library->name ? environment.name
                                                              : pin(*asked.library, environment.version));
  return fmt::format("{} is not installed{}", label(*asked.library, asked.version),
                     did_you_mean(pin(*asked.library, asked.version), known));
}

int remove_peers(const std::vector<std::string>& peers) {
  const auto environments = list_environments(peer_places().data / "environments");
  std::vector<std::optional<PeerEnvironment>> found;  // all, before the first is gone
  for (const auto& peer : peers) found.push_back(find_peer(environments, peer));
  int failed = 0;
  for (std::size_t i = 0; i < peers.size(); ++i) {
    const auto& environment = found[i];
    if (!environment) {
      ++failed;
      say_of_peers("lstmbench: " + not_installed(environments, peers[i]));
      continue;
    }
    const std::uint64_t bytes = folder_bytes(environment->folder);
    remove_environment(*environment);
    std::printf("removed %s, %s\n", environment->name.c_str(), gigabytes(bytes).c_str());
  }
  return failed == 0 ? exit_ok : exit_not_ok;
}

}  // namespace

void add_peers_command(CLI::App& app, Work& work) {
  CLI::App* command =
      app.add_subcommand("peers", "Install PyTorch, JAX and TensorFlow in versions to compare with");
  command->callback([=, &work] {
    if (command->get_subcommands().empty())
      work = []() -> int {
        throw std::invalid_argument("peers: add, list or remove? (see lstmbench peers --help)");
      };
  });
  command->footer(
      "Examples:\n"
      "  lstmbench peers add jax tensorflow                  the newest, for every run\n"
      "  lstmbench peers add torch==1.12.1 torch==2.0.1\n"
      "  lstmbench peers add --python ~/old/bin/python       one that you have\n"
      "  lstmbench run --versions torch=1.12.1,2.0.1 --implementation pytorch/LSTM");

  CLI::App* add = command->add_subcommand("add", "Install libraries, each into a private environment");
  const auto flags = std::make_shared<AddFlags>();
  add->add_option("libraries", flags->peers,
                  "torch, jax, tensorflow: the newest version, which then takes part in every run; "
                  "jax==VERSION: for --versions")
      ->type_name("LIBRARY");
  add->add_option("--python", flags->python,
                  "interpreter to use; one that has that library is taken as it is [found on PATH, in pyenv, "
                  "conda]")
      ->type_name("PROGRAM");
  add->add_option("--name", flags->name, "of the environment [torch, torch-VERSION]")->type_name("NAME");
  add->add_option(
         "--lock", flags->lock,
         "install exactly the versions that this file pins (lock.txt of an environment) [as it comes with "
         "lstmbench]")
      ->type_name("FILE");
  add->footer(
      "An environment takes up to 8 GB with torch (a build for the CPU alone, where it\n"
      "can be had: 1 GB), 1.5 GB with jax, 3 GB with tensorflow. What was loaded before\n"
      "an interruption is not loaded again.\n"
      "Examples:\n"
      "  lstmbench peers add jax tensorflow\n"
      "  lstmbench peers add torch==1.12.1 torch==2.0.1 jax==0.9.0");
  add->callback([=, &work] { work = [=] { return add_peers(*flags); }; });

  CLI::App* list = command->add_subcommand("list", "Show what is installed, with its size");
  list->footer("Example:\n  lstmbench peers list");
  list->callback([&work] { work = [] { return list_peers(); }; });

  CLI::App* remove = command->add_subcommand("remove", "Delete environments");
  const auto peers = std::make_shared<std::vector<std::string>>();
  remove->add_option("libraries", *peers, "jax, torch==VERSION, or a name of `peers list` ...")
      ->type_name("LIBRARY")
      ->required();
  remove->footer("Example:\n  lstmbench peers remove jax torch==1.12.1 torch==2.0.1");
  remove->callback([=, &work] { work = [=] { return remove_peers(*peers); }; });
}

}  // namespace lstmbench
