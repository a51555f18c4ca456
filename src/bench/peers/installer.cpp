#include "peers/installer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/file.h>

#include <algorithm>
#include <chrono>
#include <fstream>

#include "peers/program.h"
#include "peers/version.h"
#include "process/file_descriptor.h"
#include "process/interrupt.h"
#include "run/options.h"
#include "store/database.h"

namespace lstmbench {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::minutes install_limit{60}, import_limit{5}, tools_limit{10};
constexpr const char* oldest_python_of_uv = "3.6";

using Environment = std::map<std::string, std::string>;

ProgramResult require(const std::vector<std::string>& command, const Environment& environment,
                      std::chrono::milliseconds limit) {
  ProgramResult result = run_program(command, environment, limit);
  if (!result.succeeded)
    throw PeerFailure(result.output.empty() ? fmt::format("'{}' {}", command.front(), result.failure)
                                            : install_error(result.output));
  return result;
}

// The version of torch that an interpreter has; empty where it cannot be imported, and the reason.
std::string torch_version(const std::string& interpreter, std::string* reason = nullptr) {
  const auto result = run_program(
      {interpreter, "-W", "ignore", "-c", "import numpy, torch; print('torch ' + torch.__version__)"}, {},
      import_limit);
  const std::string line = last_line(result.output);
  if (result.succeeded && line.rfind("torch ", 0) == 0) return line.substr(6, line.find('+') - 6);
  if (reason) *reason = line.empty() ? result.failure : line;
  return "";
}

// Two programs that install into the same folder would spoil it.
FileDescriptor lock_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  FileDescriptor lock(open((folder / ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!lock) throw StorageError(fmt::format("cannot write to '{}'", folder.string()));
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0)
    throw PeerFailure("another `lstmbench peers add` is at work; try again when it has ended");
  return lock;
}

}  // namespace

Installer::Installer(PeerPlaces places, std::function<void(const std::string&)> say)
    : places_(std::move(places)), say_(std::move(say)), environments_(places_.data / "environments") {}

const std::vector<Interpreter>& Installer::interpreters() {
  if (!interpreters_) interpreters_ = find_interpreters(places_.interpreters);
  return *interpreters_;
}

// uv, and a pip to ask the index with: from PATH or in an environment of their own, as `./run setup` makes
// it.
void Installer::make_tools() {
  if (!uv_.empty()) return;
  const fs::path tools = places_.data / "uv";
  std::error_code error;
  if (!fs::exists(tools / "bin" / "pip", error)) {
    const auto maker = std::find_if(interpreters().begin(), interpreters().end(), [](const Interpreter& one) {
      return one.origin == "PATH" && !is_earlier_version(one.version, "3.8");
    });
    if (maker == interpreters().end())
      throw PeerFailure("no python3 (3.8 or newer) on PATH to install uv with");
    require({maker->program, "-m", "venv", "--clear", tools.string()}, {}, tools_limit);
  }
  const bool has_uv = run_program({"uv", "--version"}, {}, tools_limit).succeeded;
  if (!has_uv && !fs::exists(tools / "bin" / "uv", error)) {
    say_("installing uv");
    require({(tools / "bin" / "python").string(), "-m", "pip", "install", "-q", "uv"}, {}, tools_limit);
  }
  uv_ = has_uv ? "uv" : (tools / "bin" / "uv").string();
}

std::uint64_t Installer::free_bytes() const {
  std::error_code error;
  return places_.free_bytes.value_or(fs::space(environments_, error).available);
}

PackageIndex& Installer::index() {
  make_tools();
  if (!index_)
    index_.emplace(std::vector<std::string>{(places_.data / "uv" / "bin" / "python").string(), "-m", "pip"});
  return *index_;
}

fs::path Installer::lock_for(const PeerRequest& request, const std::string& python) const {
  if (!request.lock.empty()) return request.lock;
  const fs::path own =
      places_.locks / fmt::format("torch-{}-python{}.txt", request.version, minor_version(python));
  std::error_code error;
  return fs::exists(own, error) ? own : fs::path();
}

std::optional<PeerEnvironment> Installer::registered(const PeerRequest& request,
                                                     const Interpreter& interpreter) {
  const std::string version = torch_version(interpreter.program);
  if (version.empty() || (!request.version.empty() && !is_same_version(version, request.version)))
    return std::nullopt;
  const std::string name = request.name.empty() ? "torch-" + version : request.name;
  if (!is_plain_name(name))
    throw PeerFailure(fmt::format("--name: '{}' cannot be the name of a folder", name));
  PeerEnvironment environment{name, version, interpreter.version, interpreter.program, environments_ / name};
  write_launcher(environment.folder, interpreter.program, "");
  describe_environment(environment);
  return environment;
}

Interpreter Installer::choose_interpreter(const PeerRequest& request) {
  const auto has_build = [&](const Interpreter& interpreter) {
    const auto& versions = index().versions_for(minor_version(interpreter.version));
    return std::any_of(versions.begin(), versions.end(),
                       [&](const std::string& version) { return is_same_version(version, request.version); });
  };
  if (!request.python.empty()) {
    const Interpreter named{request.python, python_version(request.python), "--python"};
    if (has_build(named)) return named;
  } else {
    std::vector<Interpreter> candidates = interpreters();
    // First those with a lock file, which are known to work; uv does not know Python 2.
    std::stable_sort(candidates.begin(), candidates.end(), [&](const Interpreter& a, const Interpreter& b) {
      const auto rank = [&](const Interpreter& one) {
        return std::pair(lock_for({request.version, "", "", ""}, one.version).empty(),
                         is_earlier_version(one.version, oldest_python_of_uv));
      };
      return rank(a) < rank(b);
    });
    for (const auto& candidate : candidates)
      if (has_build(candidate)) return candidate;
  }
  const auto pythons = index().pythons_of(request.version);
  if (pythons.empty()) {
    const auto all = index().all_versions();
    const auto nearest = nearest_versions(request.version, all);
    throw PeerFailure(fmt::format(
        "there is no such version to install; the nearest: {}{}", fmt::join(nearest, ", "),
        is_earlier_version(request.version, "1.0.0") ? " (one that you have: --python PATH)" : ""));
  }
  std::vector<std::string> found;
  for (const auto& interpreter : interpreters()) found.push_back(minor_version(interpreter.version));
  const std::string builds = fmt::format("it has builds for Python {}", fmt::join(pythons, ", "));
  if (!request.python.empty())
    throw PeerFailure(fmt::format("{}; '{}' is {}", builds, request.python, python_version(request.python)));
  throw PeerFailure(
      fmt::format("{}; found: {}; install one of the former (`pyenv install {}`, or uv, conda), or name "
                  "it with --python PATH",
                  builds, fmt::join(found, ", "), pythons.back()));
}

void Installer::install_with_uv(const PeerRequest& request, const Interpreter& interpreter,
                                const fs::path& folder) {
  Environment environment{{"UV_PYTHON_DOWNLOADS", "never"}};
  std::string index_url = places_.index;
  if (index_url.empty()) {  // uv does not read pip's configuration, where a mirror may be named
    const auto configured =
        run_program({(places_.data / "uv" / "bin" / "pip").string(), "config", "get", "global.index-url"}, {},
                    tools_limit);
    if (configured.succeeded) index_url = last_line(configured.output);
  }
  if (!index_url.empty()) environment["UV_DEFAULT_INDEX"] = index_url;
  std::error_code error;
  const std::string python = (folder / "bin" / "python").string();
  if (!fs::exists(python, error))
    require({uv_, "venv", "-q", "--clear", "--relocatable", "--python", interpreter.program, folder.string()},
            environment, tools_limit);
  std::vector<std::string> command{uv_, "pip", "install", "-q", "--python", python};
  for (const auto& requirement : requirements_of(request.version)) command.push_back(requirement);
  const fs::path lock = lock_for(request, interpreter.version);
  if (!lock.empty()) command.insert(command.end(), {"-c", lock.string()});
  // A build for the CPU alone is a tenth of the size, where its index can be reached.
  auto small = command;
  small.insert(small.end(), {"--torch-backend", "cpu"});
  Environment hasty = environment;
  hasty["UV_HTTP_RETRIES"] = "1";
  if (!run_program(small, hasty, install_limit).succeeded) {
    const std::string problem = space_problem(request.version, free_bytes(), environments_);
    if (!problem.empty()) throw PeerFailure(problem);
    require(command, environment, install_limit);
  }
  const auto frozen = require({uv_, "pip", "freeze", "--python", python}, environment, tools_limit);
  std::ofstream(folder / "lock.txt") << pins_of(frozen.output);
}

// For interpreters that uv does not know. pip of that time has no lock files that it obeys beyond
// constraints.
void Installer::install_with_its_pip(const PeerRequest& request, const Interpreter& interpreter,
                                     const fs::path& folder) {
  const fs::path lock = lock_for(request, interpreter.version);
  std::vector<std::string> command{interpreter.program,
                                   "-m",
                                   "pip",
                                   "--disable-pip-version-check",
                                   "install",
                                   "-q",
                                   "--upgrade",
                                   "--target",
                                   (folder / "packages").string(),
                                   "numpy",
                                   "torch==" + request.version};
  if (!lock.empty()) command.insert(command.end(), {"-c", lock.string()});
  require(command, {}, install_limit);
  write_launcher(folder, interpreter.program, "packages");
  const auto frozen =
      require({(folder / "bin" / "python").string(), "-m", "pip", "--disable-pip-version-check", "freeze",
               "--path", (folder / "packages").string()},
              {}, tools_limit);
  std::ofstream(folder / "lock.txt") << pins_of(frozen.output);
}

PeerEnvironment Installer::install(const PeerRequest& request, const Interpreter& interpreter) {
  const std::string name = request.name.empty() ? "torch-" + request.version : request.name;
  const fs::path partial = environments_ / (name + ".partial");
  std::error_code error;
  // The folder is there: it was locked. What is smaller than any build is refused without asking for one.
  const std::uint64_t free = free_bytes();
  constexpr std::uint64_t smallest_build = 1'500'000'000;
  const std::string problem = space_problem(request.version, free, environments_);
  if (free < smallest_build) throw PeerFailure(problem);
  say_(fmt::format("torch {}: installing for Python {} ({}) into {}", request.version, interpreter.version,
                   interpreter.origin, (environments_ / name).string()));
  fs::create_directories(partial, error);
  if (is_earlier_version(interpreter.version, oldest_python_of_uv))
    install_with_its_pip(request, interpreter, partial);
  else
    install_with_uv(request, interpreter, partial);
  std::string reason;
  if (torch_version((partial / "bin" / "python").string(), &reason).empty()) {
    fs::remove_all(partial, error);
    throw PeerFailure(fmt::format("it was installed, but cannot be imported: {}", reason));
  }
  PeerEnvironment environment{name, request.version, interpreter.version, "installed", partial};
  describe_environment(environment);
  environment.folder = environments_ / name;
  fs::rename(partial, environment.folder, error);
  if (error) throw StorageError(fmt::format("cannot rename '{}': {}", partial.string(), error.message()));
  return environment;
}

PeerEnvironment Installer::add(const PeerRequest& request) {
  const FileDescriptor lock = lock_folder(environments_);
  for (const std::string& text : {request.version, request.name})
    if (!text.empty() && !is_plain_name(text))
      throw PeerFailure(
          fmt::format("'{}' is neither a version nor a name: letters, digits, '.', '_', '-' only", text));
  std::error_code error;
  if (!request.lock.empty() && !fs::exists(request.lock, error))
    throw PeerFailure(fmt::format("no lock file '{}'", request.lock.string()));
  const std::string name = request.name.empty() ? request.version : request.name;
  for (const auto& environment : list_environments(environments_))
    if (environment.name == name || environment.name == "torch-" + name) {
      say_(fmt::format("torch {}: already there as {}", environment.version, environment.name));
      return environment;
    }
  try {
    if (!request.python.empty()) {
      const Interpreter named{request.python, python_version(request.python), "--python"};
      if (named.version.empty())
        throw PeerFailure(fmt::format("--python: '{}' is no Python interpreter that runs", request.python));
      if (auto environment = registered(request, named)) return *environment;
      if (request.version.empty())
        throw PeerFailure(fmt::format(
            "'{}' has no torch and numpy; name a version to install: torch==VERSION", request.python));
    }
    return install(request, choose_interpreter(request));
  } catch (const PeerFailure&) {
    throw;
  } catch (const StorageError&) {
    throw;
  } catch (const std::runtime_error& failure) {
    if (is_interrupted()) throw;
    throw PeerFailure(failure.what());
  }
}

}  // namespace lstmbench
