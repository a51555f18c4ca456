// Which implementations there are: every known worker is asked.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "process/worker_session.h"
#include "run/worker_registry.h"

namespace lstmbench {

struct DiscoveredWorker {
  WorkerCommand command;
  std::optional<Hello> hello;
  std::string problem;  // why there is no hello
};

// One implementation that can be asked for by name, variants included.
struct Implementation {
  std::string name;  // "pytorch/LSTM@tuned"
  ImplementationInfo info;
  std::string version;
  WorkerCommand worker;  // with the variant's environment
};

struct Discovery {
  std::vector<DiscoveredWorker> workers;
  std::vector<Implementation> implementations;  // in the order of the workers, each followed by its variants
  std::vector<Variant> variants;                // those whose implementation exists
  std::vector<std::string>
      unknown_variants;  // why others, of workers that are there, do not: a sentence each
};

// Starts each worker and says hello. Workers that fail are listed with their problem; only an interruption
// throws (WorkerFailure).
Discovery discover(const std::vector<WorkerCommand>& workers, const std::vector<Variant>& variants,
                   WorkerSession::Timeout timeout);

}  // namespace lstmbench
