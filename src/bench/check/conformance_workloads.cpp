#include "check/conformance_workloads.h"

namespace lstmbench {
namespace {

Workload workload(const char* name, Loss loss, int layers, int directions, int min_length) {
  Workload result;
  result.name = name;
  result.source = "conformance suite";
  result.layers = layers;
  result.units = 7;
  result.directions = directions;
  result.classes = 6;
  result.loss = loss;
  result.samples = 3;
  result.time_steps = 11;
  result.channels = 5;
  result.labels = loss == Loss::ctc ? 2 : 1;
  result.min_length = min_length;
  return result;
}

Workload padded(Workload original, const char* name) {
  original.name = name;
  original.pads = true;
  return original;
}

}  // namespace

const std::vector<Workload>& conformance_workloads() {
  static const std::vector<Workload> workloads = {
      workload("1x7/CE", Loss::cross_entropy, 1, 1, 11),
      workload("1x7/CE-lengths", Loss::cross_entropy, 1, 1, 4),
      workload("2x7/CE-bidirectional", Loss::cross_entropy, 2, 2, 11),
      workload("2x7/CE-bidirectional-lengths", Loss::cross_entropy, 2, 2, 4),
      workload("1x7/CTC", Loss::ctc, 1, 1, 11),
      workload("2x7/CTC-bidirectional", Loss::ctc, 2, 2, 11),
      workload("2x7/CTC-bidirectional-lengths", Loss::ctc, 2, 2, 4),
      padded(workload("", Loss::ctc, 2, 2, 4), "2x7/CTC-bidirectional-padded"),
  };
  return workloads;
}

}  // namespace lstmbench
