// Replies of the worker protocol: read strictly, never trusted.
#pragma once

#include <cstdint>
#include <string_view>

#include "process/worker_session.h"
#include "protocol/messages.h"

namespace lstmbench {

// Each takes one line (without the line feed) and the id it must carry. An error reply throws WorkerFailure
// of the status that its kind stands for, the session usable; anything that is not the protocol throws
// WorkerFailure(failed) with what is wrong and the line, shortened and escaped. Nothing else is thrown.
Hello decode_hello(std::string_view line, std::int64_t id);
Prepared decode_prepared(std::string_view line, std::int64_t id);
double decode_checked(std::string_view line, std::int64_t id);                              // the loss
std::vector<StepTimes> decode_steps(std::string_view line, std::int64_t id, int expected);  // exactly so many
MemoryUse decode_memory(std::string_view line, std::int64_t id);
PeakRates decode_peak(std::string_view line, std::int64_t id);
void decode_quit(std::string_view line, std::int64_t id);

}  // namespace lstmbench
