// Adam (Kingma and Ba 2015, algorithm 1) on one span of parameters.
#pragma once

#include <span>
#include <vector>

#include "protocol/problem.h"

namespace onednn {

class AdamState {
 public:
  explicit AdamState(std::size_t size) : mean_(size), square_(size) {}
  // values -= the step that the gradient asks for.
  void update(const protocol::Adam& settings, std::span<float> values, std::span<const float> gradient);

 private:
  std::vector<float> mean_, square_;  // running means of the gradient and of its square
  int steps_ = 0;
};

}  // namespace onednn
