// The worker of misbehaving_worker.py as a command.
#pragma once

#include <string>

#include "case/case.h"

namespace lstmbench {

inline WorkerCommand misbehaving_worker(const std::string& behaviour = "behave",
                                        const std::string& request = "run") {
  const std::string script = LSTMBENCH_SOURCE_DIR "/tests/bench/process/misbehaving_worker.py";
  return {"echo", {"python3", script, behaviour, request}, {}};
}

}  // namespace lstmbench
