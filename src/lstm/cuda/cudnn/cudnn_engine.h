// cuDNN's RNN with each of its algorithms. Parameters and gradients stay fp32 in our layout; cuDNN's own
// copies of them are written before each forward and read behind each backward, as part of the step.
#pragma once

#include <memory>

#include "lstm/engine.h"

namespace lstm::cuda {

// fp32, tf32, bf16, fp16; std::invalid_argument with cuDNN's reason for what it does not support.
std::unique_ptr<Engine> make_cudnn_standard(const Network& network, const BatchShape& shape,
                                            const EngineOptions& options, const AdamOptions& adam);
std::unique_ptr<Engine> make_cudnn_persist_static(const Network& network, const BatchShape& shape,
                                                  const EngineOptions& options, const AdamOptions& adam);
std::unique_ptr<Engine> make_cudnn_persist_dynamic(const Network& network, const BatchShape& shape,
                                                   const EngineOptions& options, const AdamOptions& adam);
std::unique_ptr<Engine> make_cudnn_persist_static_small_h(const Network& network, const BatchShape& shape,
                                                          const EngineOptions& options,
                                                          const AdamOptions& adam);

}  // namespace lstm::cuda
