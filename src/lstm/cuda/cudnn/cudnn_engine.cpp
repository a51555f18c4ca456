#include "cuda/cudnn/cudnn_engine.h"

#include "cuda/cudnn/ctc.h"
#include "cuda/cudnn/rnn.h"
#include "cuda/kernels/parameters.h"
#include "cuda/training/device_engine.h"
#include "cuda/training/segments.h"

namespace lstm::cuda {
namespace {

template <class T>
class CudnnEngine : public DeviceEngine<T> {
 public:
  CudnnEngine(const char* name, cudnnRNNAlgo_t algorithm, const Network& network, const BatchShape& shape,
              const EngineOptions& options, const AdamOptions& adam)
      : DeviceEngine<T>(name, network, shape, options, adam, Operands::head),
        rnn_(network, shape, rnn_setting(algorithm, options.dtype), this->main().stream) {
    const std::vector<Segment> import = rnn_.segments(this->layout()), back = reversed(import);
    segment_count_ = static_cast<int>(import.size());
    largest_segment_ = largest_of(import);
    const auto plan = [&] {
      y_ = arena_.template take<T>(size(this->most_rows(), this->width()));
      dy_ = arena_.template take<float>(size(this->most_rows(), this->width()));
      if constexpr (sizeof(T) == 2)
        dy_operand_ = arena_.template take<T>(size(this->most_rows(), this->width()));
      dx_ = arena_.template take<T>(size(this->most_rows(), network.inputs));
      import_ = arena_.template take<Segment>(import.size());
      export_ = arena_.template take<Segment>(import.size());
    };
    plan();
    arena_.allocate();
    plan();
    upload(this->main().stream, import, import_);
    upload(this->main().stream, back, export_);
    if (network.loss == Loss::ctc) {
      this->head().use_ctc(
          [ctc = std::make_shared<CudnnCtc>(network, shape, this->main().stream)](
              const DeviceBatch& batch, const CtcProblem& problem) { (*ctc)(batch, problem); });
    }
  }

  std::string description() const override {
    return this->device_and_dtype() + ", cuDNN " + std::to_string(cudnnGetVersion());
  }

 protected:
  const T* y() const override { return y_; }
  float* dy() override { return dy_; }
  std::size_t layer_bytes() const override { return arena_.bytes() + rnn_.bytes(); }

  void forward_layers() override {
    if (pattern_ != this->batch().pattern()) {
      rnn_.set_lengths(this->batch().packed());
      pattern_ = this->batch().pattern();
    }
    copy_segments<float, T>(this->main().stream.get(), {.segments = import_,
                                                        .count = segment_count_,
                                                        .largest = largest_segment_,
                                                        .from = this->store().on_device(),
                                                        .to = rnn_.weights()});
    rnn_.forward(this->x(), y_);
  }

  void backward_layers() override {
    this->head_gradient(this->main());
    const T* dy = nullptr;
    if constexpr (sizeof(T) == 2) {
      const auto count = static_cast<long long>(size(this->batch().packed().rows(), this->width()));
      convert(this->main().stream.get(), count, dy_, 1.0f, dy_operand_);
      dy = dy_operand_;
    } else {
      dy = dy_;
    }
    rnn_.backward_data(y_, dy, dx_);
    rnn_.backward_weights(this->x(), y_);
    copy_segments<T, float>(this->main().stream.get(), {.segments = export_,
                                                        .count = segment_count_,
                                                        .largest = largest_segment_,
                                                        .from = rnn_.d_weights(),
                                                        .to = this->store().gradients_on_device(),
                                                        .scale = 1.0f / this->scale()});
  }

 private:
  static std::size_t size(int a, int b) { return static_cast<std::size_t>(a) * static_cast<std::size_t>(b); }

  Rnn<T> rnn_;
  int pattern_ = 0;  // of lengths that rnn_ is set to
  int segment_count_ = 0;
  long long largest_segment_ = 0;
  DeviceArena arena_;
  T* y_ = nullptr;             // (N*T, D*H)
  float* dy_ = nullptr;        // (N*T, D*H)
  T* dy_operand_ = nullptr;    // the same, where T is 16 bits wide
  T* dx_ = nullptr;            // (N*T, C), which cuDNN writes and nobody reads
  Segment* import_ = nullptr;  // from the parameters to cuDNN's
  Segment* export_ = nullptr;  // from cuDNN's gradients to ours
};

// make_for_dtype() takes templates of one type.
template <cudnnRNNAlgo_t algorithm>
struct WithAlgorithm {
  template <class T>
  struct EngineOf : CudnnEngine<T> {
    EngineOf(const char* name, const Network& network, const BatchShape& shape, const EngineOptions& options,
             const AdamOptions& adam)
        : CudnnEngine<T>(name, algorithm, network, shape, options, adam) {}
  };
};

}  // namespace

std::unique_ptr<Engine> make_cudnn_standard(const Network& network, const BatchShape& shape,
                                            const EngineOptions& options, const AdamOptions& adam) {
  return make_for_dtype<WithAlgorithm<CUDNN_RNN_ALGO_STANDARD>::EngineOf>("cudnn/standard", network, shape,
                                                                          options, adam);
}
std::unique_ptr<Engine> make_cudnn_persist_static(const Network& network, const BatchShape& shape,
                                                  const EngineOptions& options, const AdamOptions& adam) {
  return make_for_dtype<WithAlgorithm<CUDNN_RNN_ALGO_PERSIST_STATIC>::EngineOf>(
      "cudnn/persist-static", network, shape, options, adam);
}
std::unique_ptr<Engine> make_cudnn_persist_dynamic(const Network& network, const BatchShape& shape,
                                                   const EngineOptions& options, const AdamOptions& adam) {
  return make_for_dtype<WithAlgorithm<CUDNN_RNN_ALGO_PERSIST_DYNAMIC>::EngineOf>(
      "cudnn/persist-dynamic", network, shape, options, adam);
}
std::unique_ptr<Engine> make_cudnn_persist_static_small_h(const Network& network, const BatchShape& shape,
                                                          const EngineOptions& options,
                                                          const AdamOptions& adam) {
  return make_for_dtype<WithAlgorithm<CUDNN_RNN_ALGO_PERSIST_STATIC_SMALL_H>::EngineOf>(
      "cudnn/persist-static-small-h", network, shape, options, adam);
}

}  // namespace lstm::cuda
