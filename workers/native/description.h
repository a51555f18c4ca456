// What this program says about itself, its build and its process.
#pragma once

#include <cstdint>
#include <string>

#include "lstm/cpu.h"
#include "lstm/network.h"

namespace lstm_worker {

// What to know before a dtype is measured on this CPU at this instruction set; mostly nothing.
std::string note(lstm::DType dtype, lstm::Isa isa);
std::string compiler();         // "g++ 12.2.0"
std::string cpu_model();        // as the system names it; "unknown" where it does not
std::int64_t peak_rss_bytes();  // of this program, without what ran before exec

}  // namespace lstm_worker
