// Starting a program with given descriptors: the part between fork and exec.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

namespace lstmbench {

struct Start {
  std::vector<std::string> arguments;              // arguments[0] is looked up in PATH where it has no slash
  std::map<std::string, std::string> environment;  // added to the harness's own
  int requests = -1;                               // becomes descriptor 3
  int replies = -1;                                // becomes 4
  int log = -1;                                    // becomes 1 and 2
};

// Returns the pid of the started program, leader of a new process group. Throws std::runtime_error with the
// program and the reason where it cannot be started.
pid_t start(const Start& what);

}  // namespace lstmbench
