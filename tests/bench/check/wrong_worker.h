// The native worker, and the one of wrong_worker.py in front of it, as commands.
#pragma once

#include <string>

#include "case/case.h"

namespace lstmbench {

inline WorkerCommand native_worker() {
  return {"native", {LSTMBENCH_BINARY_DIR "/lstm-worker-native"}, {}};
}

inline WorkerCommand wrong_worker(const std::string& mistake) {
  const std::string script = LSTMBENCH_SOURCE_DIR "/tests/bench/check/wrong_worker.py";
  return {"wrong", {"python3", script, mistake, native_worker().arguments[0]}, {}};
}

}  // namespace lstmbench
