// Work of a step as CUDA graphs, one for each pattern of lengths (DeviceBatch::pattern()).
#pragma once

#include <algorithm>
#include <list>

#include "cuda/runtime/stream.h"
#include "cuda/training/device_batch.h"

namespace lstm::cuda {

class Recordings {
 public:
  // Puts what function() puts into `stream` there. The first batch of a pattern runs without a recording,
  // which has the libraries load their kernels; the second one is recorded, and all that follow start that.
  // The latest kRecentPatterns are kept.
  template <class Function>
  void run(const Stream& stream, int pattern, const Function& function) {
    const auto known = std::ranges::find(recordings_, pattern, &Recording::pattern);
    if (known == recordings_.end()) {
      function();
      if (recordings_.size() == kRecentPatterns) recordings_.pop_back();
      recordings_.emplace_front(pattern);
      return;
    }
    recordings_.splice(recordings_.begin(), recordings_, known);
    Graph& graph = known->graph;
    if (!graph.is_recorded()) graph.record(stream, function);
    graph.launch(stream);
  }

 private:
  struct Recording {
    explicit Recording(int pattern_) : pattern(pattern_) {}

    int pattern;
    Graph graph;
  };

  std::list<Recording> recordings_;  // the latest first
};

}  // namespace lstm::cuda
