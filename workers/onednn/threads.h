// How many threads oneDNN uses and how they wait, for the threading runtime that it was built with.
#pragma once

#include <string>

namespace onednn {

// Restarts the program once with OMP_WAIT_POLICY=active: OpenMP reads that before main, and with passive
// waiting oneDNN's many short parallel regions take two to three times as long. A policy that is already set
// stays.
void restart_with_active_waiting(char** arguments);

void set_threads(int threads);
std::string threading_name();

}  // namespace onednn
