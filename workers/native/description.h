// What this program says about itself and its build.
#pragma once

#include <string>

#include "lstm/cpu.h"
#include "lstm/network.h"

namespace lstm_worker {

// What to know before a dtype is measured on this CPU at this instruction set; mostly nothing.
std::string note(lstm::DType dtype, lstm::Isa isa);
std::string compiler();   // "g++ 12.2.0"
std::string cpu_model();  // as the system names it; "unknown" where it does not

}  // namespace lstm_worker
