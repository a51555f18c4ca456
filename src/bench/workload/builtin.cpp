#include "workload/builtin.h"

#include <algorithm>
#include <array>

namespace lstmbench {
namespace {

Workload cross_entropy(const char* name, int layers, int directions, int samples, int time_steps) {
  Workload workload;
  workload.name = name;
  workload.source = "built in";
  workload.layers = layers;
  workload.units = 320;
  workload.directions = directions;
  workload.classes = 10;
  workload.loss = Loss::cross_entropy;
  workload.samples = samples;
  workload.time_steps = time_steps;
  workload.channels = 123;
  workload.min_length = time_steps;
  return workload;
}

Workload ctc(const char* name, bool pads) {
  Workload workload = cross_entropy(name, 4, 2, 32, 1000);
  workload.loss = Loss::ctc;
  workload.classes = 59;
  workload.labels = 100;
  workload.min_length = 500;
  workload.pads = pads;
  return workload;
}

}  // namespace

std::span<const Workload> builtin_workloads() {
  static const std::array workloads = {cross_entropy("1x320/CE-short", 1, 1, 64, 100),
                                       cross_entropy("1x320/CE-long", 1, 1, 32, 1000),
                                       cross_entropy("4x320/CE-long", 4, 2, 32, 1000),
                                       ctc("4x320/CTC-long", false), ctc("4x320/CTC-padded", true)};
  return workloads;
}

std::optional<Workload> builtin_workload(std::string_view name) {
  const auto workloads = builtin_workloads();
  const auto found = std::find_if(workloads.begin(), workloads.end(),
                                  [&](const Workload& workload) { return workload.name == name; });
  if (found == workloads.end()) return std::nullopt;
  return *found;
}

}  // namespace lstmbench
