// A network of oneDNN LSTM layers with head, cross-entropy and Adam: one training step in four parts.
#pragma once

#include <filesystem>
#include <list>
#include <vector>

#include "adam.h"
#include "layer.h"
#include "protocol/problem.h"

namespace onednn {

class Training {
 public:
  // Throws protocol::Error(unsupported) for CTC, lengths other than T, and dtypes other than fp32 and bf16.
  explicit Training(const protocol::Problem& problem);

  // The parts of a step, in this order. Each returns when it is done.
  void forward();
  double loss();
  void backward();
  void update();

  // The loss at the prepared parameters; writes their gradients. Training goes on afterwards where it was.
  double check(const std::filesystem::path& directory);
  std::int64_t allocated_bytes() const { return device_.allocated_bytes; }

 private:
  void load_prepared_parameters();
  void write_gradients(const std::filesystem::path& directory) const;
  std::vector<Layer::Trained> trained();

  protocol::Problem problem_;
  Device device_;
  dnnl::memory x_;         // (T, N, C), a view of the harness's (N, T, C)
  Reordered layer_input_;  // what the first layer reads
  std::list<Layer> layers_;
  dnnl::memory output_gradient_;             // f32 (T, N, D*H): only the last step is ever not zero
  std::vector<float> last_output_;           // (N, D*H)
  std::vector<float> head_, head_gradient_;  // (V, D*H)
  std::vector<float> logits_;                // (N, V); after loss(): their gradients
  std::vector<AdamState> optimizer_;
};

}  // namespace onednn
