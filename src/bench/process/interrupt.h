// SIGINT, SIGTERM, SIGHUP and SIGPIPE as a flag and a file descriptor to wait on.
#pragma once

namespace lstmbench {

// Installs the handlers. The first signal sets the flag; a second SIGINT or SIGTERM ends the process at once
// with 128 + signal, after killing the process groups of all running workers.
void catch_interrupts();
bool is_interrupted();
int interrupting_signal();   // 0 where none came
int interrupt_descriptor();  // readable once interrupted

}  // namespace lstmbench
