// The process groups of all running workers, so that a signal handler can end them.
#pragma once

#include <sys/types.h>

namespace lstmbench {

// Groups beyond the 256th are not remembered.
void remember_process_group(pid_t group);
void forget_process_group(pid_t group);
// SIGKILL to every remembered group; safe in a signal handler.
void kill_process_groups();

}  // namespace lstmbench
