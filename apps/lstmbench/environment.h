// What the program takes from its surroundings, read once at the start.
#pragma once

#include <filesystem>
#include <string>

#include "report/terminal.h"
#include "run/worker_registry.h"

namespace lstmbench {

// Its value; nothing where it is not set.
std::string environment_variable(const char* name);

// LSTMBENCH_PYTHON, LSTMBENCH_SOURCE_DIR, XDG_DATA_HOME, HOME, and where this program lies.
WorkerPlaces worker_places();

// Width (COLUMNS, or the terminal's), colours (a terminal, and no NO_COLOR), Unicode (the locale's word).
TerminalStyle output_style();

bool is_error_output_a_terminal();

}  // namespace lstmbench
