// lstmbench peers: other versions of PyTorch to compare with.
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

int add_peers(const AddFlags& flags) {
  catch_interrupts();
  std::vector<std::string> versions;
  for (const auto& peer : flags.peers) versions.push_back(peer_version(peer));
  if (versions.empty() && flags.python.empty())
    throw std::invalid_argument("peers add: which? For instance torch==2.0.1, or --python PATH");
  if (versions.empty()) versions.emplace_back();
  if (versions.size() > 1 && !(flags.name + flags.lock + flags.python).empty())
    throw std::invalid_argument("--name, --lock and --python go with one version, not with several");
  Installer installer(peer_places(), say_of_peers);
  int failed = 0;
  for (const auto& version : versions) {
    if (version.empty() && flags.python.empty())
      throw std::invalid_argument("peers add: 'torch' needs a version: torch==2.0.1");
    const auto start = std::chrono::steady_clock::now();
    try {
      const PeerEnvironment environment = installer.add({version, flags.python, flags.name, flags.lock});
      const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      std::printf("torch %s: %s, Python %s, %s, %s\n", environment.version.c_str(), environment.name.c_str(),
                  environment.python.c_str(), gigabytes(folder_bytes(environment.folder)).c_str(),
                  format_duration(seconds).c_str());
      std::fflush(stdout);
    } catch (const PeerFailure& failure) {
      ++failed;
      say_of_peers(fmt::format("lstmbench: torch {}: {}", version, failure.what()));
    }
  }
  return failed == 0 ? exit_ok : exit_not_ok;
}

std::string origin_of(const PeerEnvironment& environment) {
  return environment.origin == "installed" ? environment.folder.string() : environment.origin;
}

int list_peers() {
  const auto folder = peer_places().data / "environments";
  const auto environments = list_environments(folder);
  if (environments.empty()) {
    std::printf("no peers; `lstmbench peers add torch==2.0.1` installs one\n");
    return exit_ok;
  }
  std::printf("%-12s %-8s %8s  %s\n", "version", "python", "size", "where");
  std::uint64_t total = 0;
  for (const auto& environment : environments) {
    const std::uint64_t bytes = folder_bytes(environment.folder);
    total += bytes;
    std::printf("%-12s %-8s %8s  %s\n", escape_terminal(environment.version).c_str(),
                escape_terminal(environment.python).c_str(), gigabytes(bytes).c_str(),
                escape_terminal(origin_of(environment)).c_str());
  }
  std::error_code error;
  const auto space = std::filesystem::space(folder, error);
  std::printf("%s in all, %s free\n", gigabytes(total).c_str(),
              error ? "?" : gigabytes(space.available).c_str());
  return exit_ok;
}

int remove_peers(const std::vector<std::string>& peers) {
  const auto environments = list_environments(peer_places().data / "environments");
  std::vector<std::string> known;
  for (const auto& environment : environments)
    known.push_back(environment.name.substr(environment.name.find('-') + 1));
  int failed = 0;
  for (const auto& peer : peers) {
    const std::string text = peer_version(peer);
    const auto environment = find_environment(environments, text);
    if (!environment) {
      ++failed;
      say_of_peers(fmt::format("lstmbench: torch {} is not installed{}", text, did_you_mean(text, known)));
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
  CLI::App* command = app.add_subcommand("peers", "Install other versions of PyTorch to compare with");
  command->callback([=, &work] {
    if (command->get_subcommands().empty())
      work = []() -> int {
        throw std::invalid_argument("peers: add, list or remove? (see lstmbench peers --help)");
      };
  });
  command->footer(
      "Examples:\n"
      "  lstmbench peers add torch==1.12.1 torch==2.0.1\n"
      "  lstmbench peers add --python ~/old/bin/python       one that you have\n"
      "  lstmbench run --versions torch=1.12.1,2.0.1 --implementation pytorch/LSTM");

  CLI::App* add = command->add_subcommand("add", "Install versions, each into a private environment");
  const auto flags = std::make_shared<AddFlags>();
  add->add_option("versions", flags->peers, "torch==VERSION ...")->type_name("VERSION");
  add->add_option(
         "--python", flags->python,
         "interpreter to use; one that has that torch is taken as it is [found on PATH, in pyenv, conda]")
      ->type_name("PROGRAM");
  add->add_option("--name", flags->name, "of the environment [torch-VERSION]")->type_name("NAME");
  add->add_option(
         "--lock", flags->lock,
         "install exactly the versions that this file pins (lock.txt of an environment) [as it comes with "
         "lstmbench]")
      ->type_name("FILE");
  add->footer(
      "An environment takes up to 8 GB; a build for the CPU alone, where it can be had,\n"
      "1 GB. What was loaded before an interruption is not loaded again.\n"
      "Example:\n  lstmbench peers add torch==1.12.1 torch==2.0.1");
  add->callback([=, &work] { work = [=] { return add_peers(*flags); }; });

  CLI::App* list = command->add_subcommand("list", "Show what is installed, with its size");
  list->footer("Example:\n  lstmbench peers list");
  list->callback([&work] { work = [] { return list_peers(); }; });

  CLI::App* remove = command->add_subcommand("remove", "Delete environments");
  const auto peers = std::make_shared<std::vector<std::string>>();
  remove->add_option("versions", *peers, "torch==VERSION ...")->type_name("VERSION")->required();
  remove->footer("Example:\n  lstmbench peers remove torch==1.12.1 torch==2.0.1");
  remove->callback([=, &work] { work = [=] { return remove_peers(*peers); }; });
}

}  // namespace lstmbench
