#include "run/worker_registry.h"

#include <fmt/format.h>

#include <algorithm>

namespace lstmbench {
namespace {

namespace fs = std::filesystem;

bool is_program(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

// Of the library's default environment, where there is no other choice; empty where there is none.
std::string interpreter_of(const WorkerPlaces& places, const PeerLibrary& library) {
  if (library.is_looked_for && !places.python.empty()) return places.python;
  const fs::path own = places.data / "environments" / environment_name(library, "") / "bin" / "python";
  if (is_program(own)) return own.string();
  return library.is_looked_for ? "python3" : "";
}

// nn.LSTM on the CPU calls oneDNN and gives its workspace back to the system after every step; half of its
// time is then page faults. These settings of glibc keep the memory (docs/faster-pytorch-lstm.md).
const std::map<std::string, std::string> keep_memory{
    {"MALLOC_MMAP_MAX_", "0"}, {"MALLOC_TRIM_THRESHOLD_", "100000000000"}, {"MALLOC_TOP_PAD_", "67108864"}};

}  // namespace

WorkerCommand native_worker(const WorkerPlaces& places) {
  return {"native", {(places.programs / "lstm-worker-native").string()}, {}};
}

WorkerCommand cuda_worker(const WorkerPlaces& places, const std::string& library) {
  return {library, {(places.programs / "lstm-worker-cuda").string(), library}, {}};
}

WorkerCommand peak_worker(const WorkerPlaces& places, const std::string& device) {
  return device == "cuda" ? cuda_worker(places, "cuda") : native_worker(places);
}

WorkerCommand library_worker(const WorkerPlaces& places, const PeerLibrary& library,
                             const std::string& interpreter, const std::string& version) {
  const fs::path program = places.source / "workers" / library.worker / "worker.py";
  WorkerCommand worker{library.worker, {interpreter, program.string()}, {}, version};
  const fs::path engine = places.programs.parent_path() / "lib" / "liblstm_c.so";
  if (library.takes_engine && is_program(engine))
    worker.arguments.insert(worker.arguments.end(), {"--engine", engine.string()});
  return worker;
}

std::vector<WorkerCommand> known_workers(const WorkerPlaces& places, const Configuration& configuration) {
  std::vector<WorkerCommand> workers{native_worker(places)};
  const fs::path onednn = places.programs / "lstm-worker-onednn";
  if (is_program(onednn)) workers.push_back({"onednn", {onednn.string()}, {}});
  if (is_program(places.programs / "lstm-worker-cuda")) {
    for (const char* library : {"cuda", "cudnn"}) workers.push_back(cuda_worker(places, library));
  }
  for (const auto& library : peer_libraries())
    if (const std::string interpreter = interpreter_of(places, library); !interpreter.empty())
      workers.push_back(library_worker(places, library, interpreter, ""));
  for (const auto& definition : configuration.workers) {
    WorkerCommand worker{definition.name, definition.command, definition.environment};
    const auto same = std::find_if(workers.begin(), workers.end(),
                                   [&](const WorkerCommand& other) { return other.name == worker.name; });
    if (same != workers.end())
      *same = std::move(worker);
    else
      workers.push_back(std::move(worker));
  }
  return workers;
}

std::vector<Variant> known_variants(const Configuration& configuration) {
  std::vector<Variant> variants;
  for (const char* implementation : {"pytorch/LSTM", "pytorch/LSTM-flipped"})
    variants.push_back({implementation, "tuned", keep_memory});
  for (const auto& variant : configuration.variants) {
    const auto same = std::find_if(variants.begin(), variants.end(), [&](const Variant& other) {
      return other.implementation == variant.implementation && other.name == variant.name;
    });
    if (same != variants.end())
      *same = variant;
    else
      variants.push_back(variant);
  }
  return variants;
}

std::string explain(const Variant& variant) {
  std::string text = "with";
  for (const auto& [name, value] : variant.environment) text += fmt::format(" {}={}", name, value);
  if (variant.environment == keep_memory)
    text += ": glibc keeps freed memory instead of faulting it in again each step";
  return text;
}

}  // namespace lstmbench
