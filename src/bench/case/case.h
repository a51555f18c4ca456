// One case of a comparison: workload x implementation x library version x dtype x device x threads.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "workload/workload.h"

namespace lstmbench {

// How to start a worker, and what is different about this way of starting it.
struct WorkerCommand {
  std::string name;                                // "native", "pytorch", "onednn", or the user's
  std::vector<std::string> arguments;              // arguments[0] is the program
  std::map<std::string, std::string> environment;  // added to the harness's own
  std::string version{};                           // as --versions asked for it; empty: whatever there is

  // For people: "pytorch", "pytorch 2.0.1".
  std::string label() const { return version.empty() ? name : name + " " + version; }
};

struct Case {
  Workload workload;
  std::string implementation;  // "pytorch/LSTM@tuned": what the worker calls it, plus the variant after @
  std::string version;         // as the worker's hello gave it
  std::string dtype = "fp32";
  std::string device = "cpu";
  int threads = 1;
  WorkerCommand worker;

  // The implementation's name as the worker knows it: without "@variant".
  std::string worker_implementation() const { return implementation.substr(0, implementation.find('@')); }
  // One readable string that names the case: "1x320/CE-short native/basic 0.1.0 fp32 cpu 2t".
  std::string id() const;
};

enum class Status { ok, incorrect, unsupported, out_of_memory, timeout, crashed, failed, interrupted };

// "OK", "INCORRECT", ...
std::string to_string(Status status);

}  // namespace lstmbench
