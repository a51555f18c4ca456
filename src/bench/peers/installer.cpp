#include "peers/installer.h"

#include <fcntl.h>
#include <fmt/format.h>
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

using Environment = std::map<std::string, std::string>;

ProgramResult require(const std::vector<std::string>& command, const Environment& environment,
                      std::chrono::milliseconds limit) {
  ProgramResult result = run_program(command, environment, limit);
  if (!result.succeeded)
    throw PeerFailure(result.output.empty() ? fmt::format("'{}' {}", command.front(), result.failure)
                                            : install_error(result.output));
  return result;
}

// The version that an interpreter has; empty where it cannot import what the worker needs, and the reason.
std::string version_in(const std::string& interpreter, const PeerLibrary& library,
                       std::string* reason = nullptr) {
  const auto result =
      run_program({interpreter, "-W", "ignore", "-c", version_program(library)}, {}, import_limit);
  const std::string line = last_line(result.output), start = library.name + " ";
  if (result.succeeded && line.starts_with(start))
    return line.substr(start.size(), line.find('+') - start.size());
  if (reason) *reason = line.empty() ? result.failure : line;
  return "";
}

std::string name_of(const PeerRequest& request) {
  return request.name.empty() ? environment_name(*request.library, request.version) : request.name;
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

PackageIndex& Installer::index_of(const PeerLibrary& library) {
  make_tools();
  const std::vector<std::string> pip{(places_.data / "uv" / "bin" / "python").string(), "-m", "pip"};
  return indexes_.try_emplace(&library, pip, library).first->second;
}

fs::path Installer::lock_for(const PeerRequest& request, const std::string& python) const {
  if (!request.lock.empty()) return request.lock;
  const PeerLibrary& library = *request.library;
  const fs::path own =
      places_.workers / library.worker / "locks" /
      fmt::format("{}-{}-python{}.txt", library.name, request.version, minor_version(python));
  std::error_code error;
  return fs::exists(own, error) ? own : fs::path();
}

std::optional<PeerEnvironment> Installer::registered(const PeerRequest& request,
                                                     const Interpreter& interpreter) {
  const PeerLibrary& library = *request.library;
  const std::string version = version_in(interpreter.program, library);
  if (version.empty() || (!request.version.empty() && !is_same_version(version, request.version)))
    return std::nullopt;
  const bool is_default = request.version.empty() && !request.is_there;
  const std::string name =
      request.name.empty() ? environment_name(library, is_default ? "" : version) : request.name;
  if (!is_plain_name(name))
    throw PeerFailure(fmt::format("--name: '{}' cannot be the name of a folder", name));
  PeerEnvironment environment{
      &library, name, version, interpreter.version, interpreter.program, environments_ / name};
  write_launcher(environment.folder, interpreter.program, "");
  describe_environment(environment);
  return environment;
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
  for (const auto& requirement : requirements_of(*request.library, request.version))
    command.push_back(requirement);
  const fs::path lock = lock_for(request, interpreter.version);
  if (!lock.empty()) command.insert(command.end(), {"-c", lock.string()});
  // A build for the CPU alone is a tenth of the size, where its index can be reached.
  auto small = command;
  small.insert(small.end(), {"--torch-backend", "cpu"});
  Environment hasty = environment;
  hasty["UV_HTTP_RETRIES"] = "1";
  if (!request.library->has_cpu_index || !run_program(small, hasty, install_limit).succeeded) {
    const std::string problem = space_problem(*request.library, request.version, free_bytes(), environments_);
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
                                   (folder / "packages").string()};
  for (const auto& requirement : requirements_of(*request.library, request.version))
    command.push_back(requirement);
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
  const PeerLibrary& library = *request.library;
  const std::string name = name_of(request);
  const fs::path partial = environments_ / (name + ".partial");
  std::error_code error;
  // The folder is there: it was locked. What is smaller than any build is refused without asking for one.
  const std::uint64_t free = free_bytes();
  if (static_cast<double>(free) < library.least_gigabytes * (1 << 30))
    throw PeerFailure(space_problem(library, request.version, free, environments_));
  say_(fmt::format("{}: installing{} for Python {} ({}) into {}", label(library, request.version),
                   request.version.empty() ? " the newest" : "", interpreter.version, interpreter.origin,
                   (environments_ / name).string()));
  fs::create_directories(partial, error);
  if (is_earlier_version(interpreter.version, oldest_python_of_uv))
    install_with_its_pip(request, interpreter, partial);
  else
    install_with_uv(request, interpreter, partial);
  std::string reason;
  const std::string version = version_in((partial / "bin" / "python").string(), library, &reason);
  if (version.empty()) {
    fs::remove_all(partial, error);
    throw PeerFailure(fmt::format("it was installed, but cannot be imported: {}", reason));
  }
  PeerEnvironment environment{
      &library,    name,   request.version.empty() ? version : request.version, interpreter.version,
      "installed", partial};
  describe_environment(environment);
  environment.folder = environments_ / name;
  fs::rename(partial, environment.folder, error);
  if (error) throw StorageError(fmt::format("cannot rename '{}': {}", partial.string(), error.message()));
  return environment;
}

// The environment that has the name of what is asked for, if any.
std::optional<PeerEnvironment> Installer::present(const PeerRequest& request) const {
  const PeerLibrary& library = *request.library;
  const std::string name = name_of(request);
  if (const PeerLibrary* other = find_library(name); other && other != &library)
    throw PeerFailure(fmt::format("--name: '{0}' is the environment of {0} itself", name));
  if (request.is_there && request.name.empty()) return std::nullopt;  // its version is not known yet
  for (const auto& environment : list_environments(environments_)) {
    if (environment.name != name) continue;
    if (environment.library != &library)
      throw PeerFailure(
          fmt::format("--name: '{}' is {} already", name, label(*environment.library, environment.version)));
    return environment;
  }
  return std::nullopt;
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
  const PeerLibrary& library = *request.library;
  if (auto environment = present(request)) {
    say_(fmt::format("{}: already there as {}", label(library, environment->version), environment->name));
    return *environment;
  }
  try {
    if (!request.python.empty()) {
      const Interpreter named{request.python, python_version(request.python), "--python"};
      if (named.version.empty())
        throw PeerFailure(fmt::format("--python: '{}' is no Python interpreter that runs", request.python));
      if (auto environment = registered(request, named)) return *environment;
      if (request.is_there)
        throw PeerFailure(fmt::format("'{}' has no {} and {}; name a version to install: {}==VERSION",
                                      request.python, library.name, library.modules, library.name));
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
