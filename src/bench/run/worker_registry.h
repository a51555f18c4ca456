// Which workers there are and how they are started.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "case/case.h"
#include "peers/library.h"
#include "workload/toml.h"

namespace lstmbench {

// Where to look; filled in by the program, so that nothing here reads its environment.
struct WorkerPlaces {
  std::filesystem::path programs;  // the folder of lstm-worker-native, next to lstmbench
  std::filesystem::path source;    // the project's folder: workers/pytorch/worker.py and its like
  std::string python;              // --python or LSTMBENCH_PYTHON; empty: find one
  std::filesystem::path data;  // ${XDG_DATA_HOME:-~/.local/share}/lstmbench: environments of setup and peers
};

// Built-in workers first, then the user's; a user's worker of the same name takes a built-in one's place. A
// worker is listed whether or not it works: saying hello shows that. jax's and tensorflow's are not there
// before `lstmbench peers add` has installed the library.
std::vector<WorkerCommand> known_workers(const WorkerPlaces& places, const Configuration& configuration);

// The worker of a library, started by an interpreter that has it; version: the one that was asked for.
WorkerCommand library_worker(const WorkerPlaces& places, const PeerLibrary& library,
                             const std::string& interpreter, const std::string& version);

// The worker that computes the reference.
WorkerCommand native_worker(const WorkerPlaces& places);

// The worker of the engines for NVIDIA GPUs: of "cuda", this project's own, or of "cudnn".
WorkerCommand cuda_worker(const WorkerPlaces& places, const std::string& library);

// The worker that measures the peak of a device.
WorkerCommand peak_worker(const WorkerPlaces& places, const std::string& device);

// The variants that come with lstmbench, then the user's.
std::vector<Variant> known_variants(const Configuration& configuration);

// What a variant changes, for people: "with MALLOC_MMAP_MAX_=0 ...", and for those that come with lstmbench
// why.
std::string explain(const Variant& variant);

}  // namespace lstmbench
