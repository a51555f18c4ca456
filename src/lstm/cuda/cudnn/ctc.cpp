#include "cuda/cudnn/ctc.h"

#include <algorithm>

#include "cuda/kernels/loss.h"

namespace lstm::cuda {
namespace {

constexpr int kMostLabels = 255;

}  // namespace

CudnnCtc::CudnnCtc(const Network&, const BatchShape& shape, const Stream& stream)
    : stream_(&stream),
      costs_(static_cast<std::size_t>(shape.samples) * sizeof(float)),
      most_labels_(std::clamp(shape.max_labels, 1, kMostLabels)) {
  check(cudnnSetStream(handle_.get(), stream.get()), "cudnnSetStream");
  check(cudnnSetCTCLossDescriptor_v9(ctc_.get(), CUDNN_DATA_FLOAT, CUDNN_LOSS_NORMALIZATION_SOFTMAX,
                                     CUDNN_CTC_ZERO_OOB_GRADIENTS, most_labels_),
        "cudnnSetCTCLossDescriptor_v9");
}

bool CudnnCtc::can_take(const engines::PackedBatch& batch) {
  for (int place = 0; place < batch.samples(); ++place) {
    const auto labels = batch.labels(place);
    if (batch.loss_length(place) != batch.loss_length(0)) return false;
    if (labels.empty() || labels.size() > kMostLabels) return false;
    int needed = static_cast<int>(labels.size());
    for (std::size_t i = 1; i < labels.size(); ++i) needed += labels[i] == labels[i - 1] ? 1 : 0;
    if (needed > batch.loss_length(place)) return false;
  }
  return true;
}

void CudnnCtc::operator()(const DeviceBatch& batch, const CtcProblem& problem) {
  if (!can_take(batch.packed())) return ctc(stream_->get(), problem);
  set(logits_, CUDNN_DATA_FLOAT, {problem.loss_steps, problem.samples, problem.classes});
  constexpr cudnnCTCLossAlgo_t kAlgorithm = CUDNN_CTC_LOSS_ALGO_DETERMINISTIC;
  std::size_t bytes = 0;
  check(cudnnGetCTCLossWorkspaceSize_v8(handle_.get(), kAlgorithm, ctc_.get(), logits_.get(), logits_.get(),
                                        &bytes),
        "cudnnGetCTCLossWorkspaceSize_v8");
  if (workspace_.size() < bytes) {
    stream_->synchronise();
    workspace_ = DeviceMemory(bytes);
  }
  auto* const costs = reinterpret_cast<float*>(costs_.data());
  check(cudnnCTCLoss_v8(handle_.get(), kAlgorithm, ctc_.get(), logits_.get(), problem.logits, problem.labels,
                        batch.label_lengths(), problem.loss_lengths, costs, logits_.get(), problem.d_logits,
                        workspace_.size(), workspace_.data()),
        "cudnnCTCLoss_v8");
  widen_losses(stream_->get(), problem.samples, costs, problem.losses);
}

}  // namespace lstm::cuda
