#include "environment.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace lstmbench {

std::string environment_variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

namespace {

namespace fs = std::filesystem;

int terminal_width() {
  const int wanted = std::atoi(environment_variable("COLUMNS").c_str());
  if (wanted > 0) return wanted;
  for (const int descriptor : {STDOUT_FILENO, STDERR_FILENO}) {
    winsize size{};
    if (isatty(descriptor) && ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
      return size.ws_col;
  }
  return 80;
}

// Only a locale that says otherwise turns Unicode off; terminals of today have it.
bool has_unicode() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    std::string locale = environment_variable(name);
    if (locale.empty()) continue;
    std::transform(locale.begin(), locale.end(), locale.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    return locale.find("utf-8") != std::string::npos || locale.find("utf8") != std::string::npos;
  }
  return true;
}

bool is_capable(int descriptor) {
  return isatty(descriptor) != 0 && environment_variable("TERM") != "dumb";
}

}  // namespace

WorkerPlaces worker_places() {
  WorkerPlaces places;
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  places.programs = error ? fs::current_path() : program.parent_path();
  const std::string source = environment_variable("LSTMBENCH_SOURCE_DIR");
  places.source = source.empty() ? LSTMBENCH_SOURCE_DIR : source;
  places.python = environment_variable("LSTMBENCH_PYTHON");
  const std::string data = environment_variable("XDG_DATA_HOME");
  places.data =
      (data.empty() ? fs::path(environment_variable("HOME")) / ".local" / "share" : fs::path(data)) /
      "lstmbench";
  return places;
}

TerminalStyle output_style() {
  return {terminal_width(), is_capable(STDOUT_FILENO) && environment_variable("NO_COLOR").empty(),
          has_unicode()};
}

bool is_error_output_a_terminal() {
  return is_capable(STDERR_FILENO);
}

}  // namespace lstmbench
