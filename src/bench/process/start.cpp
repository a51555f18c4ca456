#include "process/start.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string_view>

#include "process/file_descriptor.h"

namespace lstmbench {
namespace {

std::string find_program(const std::string& name, const std::string& path) {
  if (name.find('/') != std::string::npos) return name;
  std::string_view rest = path;
  while (true) {
    const std::size_t colon = rest.find(':');
    const std::string_view directory = rest.substr(0, colon);
    const std::string candidate = fmt::format("{}/{}", directory.empty() ? "." : directory, name);
    struct stat status {};
    if (stat(candidate.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
        access(candidate.c_str(), X_OK) == 0)
      return candidate;
    if (colon == std::string_view::npos)
      throw std::runtime_error(fmt::format("no program '{}' in PATH", name));
    rest.remove_prefix(colon + 1);
  }
}

std::map<std::string, std::string> merged_environment(const std::map<std::string, std::string>& additions) {
  std::map<std::string, std::string> merged = additions;
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos)
      merged.emplace(std::string(text.substr(0, equals)), std::string(text.substr(equals + 1)));
  }
  return merged;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

// Everything that the child needs, ready before fork: after it, only system calls are allowed.
struct Prepared {
  std::string program;
  std::vector<char*> arguments, environment;
  int empty_input, requests, replies, log, report;
  pid_t parent;
};

// The last step done before something failed, written with errno to the parent.
[[noreturn]] void report_failure(int report) {
  const int error = errno;
  [[maybe_unused]] const auto written = write(report, &error, sizeof error);
  _exit(127);
}

[[noreturn]] void become_program(const Prepared& prepared) {
  constexpr int report = 5;  // the lowest descriptor that the program does not get
  setpgid(0, 0);
  // Harness killed: the kernel kills the worker. Where that happened before this line, nobody is left to work
  // for.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != prepared.parent) _exit(127);
  if (dup2(prepared.empty_input, 0) < 0 || dup2(prepared.log, 1) < 0 || dup2(prepared.log, 2) < 0 ||
      dup2(prepared.requests, 3) < 0 || dup2(prepared.replies, 4) < 0 ||
      dup3(prepared.report, report, O_CLOEXEC) < 0)
    report_failure(prepared.report);
  close_range(report + 1, ~0U, 0);
  struct sigaction by_default {};
  by_default.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) sigaction(signal, &by_default, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execve(prepared.program.c_str(), prepared.arguments.data(), prepared.environment.data());
  report_failure(report);
}

// A copy above the descriptors that become_program() assigns, so that assigning one overwrites no other.
FileDescriptor out_of_the_way(int descriptor) {
  FileDescriptor copy(fcntl(descriptor, F_DUPFD_CLOEXEC, 10));
  if (!copy) throw std::runtime_error(fmt::format("cannot copy a descriptor: {}", std::strerror(errno)));
  return copy;
}

}  // namespace

pid_t start(const Start& what) {
  if (what.arguments.empty()) throw std::runtime_error("the worker's command is empty");
  const std::map<std::string, std::string> variables = merged_environment(what.environment);
  std::vector<std::string> arguments = what.arguments, environment;
  for (const auto& [name, value] : variables) environment.push_back(name + "=" + value);

  const auto path = variables.find("PATH");
  const FileDescriptor null_device(open("/dev/null", O_RDONLY | O_CLOEXEC));
  std::array<int, 2> ends{};
  if (!null_device || pipe2(ends.data(), O_CLOEXEC) != 0)
    throw std::runtime_error(fmt::format("cannot start '{}': {}", arguments[0], std::strerror(errno)));
  const FileDescriptor report_in(ends[0]);
  FileDescriptor report_out(ends[1]);
  const FileDescriptor input = out_of_the_way(null_device.get()), requests = out_of_the_way(what.requests),
                       replies = out_of_the_way(what.replies), log = out_of_the_way(what.log);
  FileDescriptor report = out_of_the_way(report_out.get());
  const Prepared prepared{
      find_program(arguments[0], path == variables.end() ? "/usr/bin:/bin" : path->second),
      pointers(arguments),
      pointers(environment),
      input.get(),
      requests.get(),
      replies.get(),
      log.get(),
      report.get(),
      getpid()};

  // No handler of the harness may run in the child while it still is a copy of the harness.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = fork();
  if (pid == 0) become_program(prepared);
  const int fork_error = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0)
    throw std::runtime_error(fmt::format("cannot start '{}': {}", arguments[0], std::strerror(fork_error)));
  setpgid(pid, pid);  // here too: whoever comes first
  report_out.close();
  report.close();

  int error = 0;
  ssize_t got = 0;
  do got = read(report_in.get(), &error, sizeof error);
  while (got < 0 && errno == EINTR);
  if (got == sizeof error) {
    waitpid(pid, nullptr, 0);
    throw std::runtime_error(fmt::format("cannot start '{}': {}", prepared.program, std::strerror(error)));
  }
  return pid;
}

}  // namespace lstmbench
