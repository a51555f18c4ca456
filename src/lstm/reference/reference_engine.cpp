#include "reference/reference_engine.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "cpu/thread_team.h"
#include "model/adam.h"
#include "model/checked_engine.h"
#include "model/clipping.h"
#include "model/labels.h"
#include "reference/sample.h"

namespace lstm::reference {
namespace {

bool same_bits(float a, float b) {
  return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
}

class ReferenceEngine final : public model::CheckedEngine {
 public:
  ReferenceEngine(const Network& network, const BatchShape& shape, const EngineOptions& options,
                  const AdamOptions& adam)
      : network_(network),
        shape_(shape),
        adam_(adam),
        input_gradients_(options.input_gradients),
        layout_(network),
        team_(options.threads, options.pin_threads, options.region),
        weights_(layout_),
        parameters_(layout_.size()),
        published_(layout_.size()),
        gradients_(layout_.size()),
        rounded_gradients_(layout_.size()),
        m_(layout_.size()),
        v_(layout_.size()),
        partial_gradients_(static_cast<std::size_t>(options.threads), std::vector<double>(layout_.size())),
        scratch_(static_cast<std::size_t>(options.threads), Scratch(network, shape)) {
    for (int n = 0; n < shape.samples; ++n) traces_.emplace_back(network, shape.time_steps, input_gradients_);
    label_starts_.reserve(traces_.size() + 1);
    first_rows_.reserve(static_cast<std::size_t>(shape.time_steps));
  }

  const Network& network() const override { return network_; }
  const ParameterLayout& layout() const override { return layout_; }
  std::span<float> parameters() override { return parameters_; }
  std::span<const float> gradients() const override { return rounded_gradients_; }
  std::span<const double> gradients_fp64() const override { return gradients_; }

  AdamState adam_state() const override {
    return {.updates = updates_,
            .first_moments = {m_.begin(), m_.end()},
            .second_moments = {v_.begin(), v_.end()}};
  }

  std::size_t workspace_bytes() const override {
    std::size_t bytes = weights_.bytes();
    for (const Trace& trace : traces_) bytes += trace.bytes();
    for (const Scratch& scratch : scratch_) bytes += scratch.bytes();
    for (const auto& partial : partial_gradients_) bytes += partial.size() * sizeof(double);
    return bytes;
  }

  std::string description() const override {
    return "float64, plain loops, samples split over " + std::to_string(team_.threads()) + " threads";
  }

 protected:
  void load_batch(const Batch& batch) override {
    validate(batch, network_, shape_);
    batch_ = batch;
    first_rows_.assign(static_cast<std::size_t>(batch.time_steps), 0);
    for (std::size_t t = 0; t < first_rows_.size(); ++t) {
      for (const std::int32_t length : batch.lengths)
        first_rows_[t] += std::min(static_cast<std::size_t>(length), t);
    }
    std::size_t first_label = 0;
    label_starts_.clear();
    for (int n = 0; n < batch.samples; ++n) {
      Trace& trace = traces_[static_cast<std::size_t>(n)];
      trace.length = batch.lengths[n];
      trace.loss_length = network_.loss == Loss::ctc ? batch.loss_lengths[n] : trace.length;
      for_each_row(n, trace.length, network_.inputs, [&](std::size_t first, std::size_t own) {
        std::copy_n(batch.x.data() + first, network_.inputs, trace.x.data() + own);
      });
      label_starts_.push_back(first_label);
      first_label += model::label_count(network_, batch, static_cast<std::size_t>(n));
    }
    label_starts_.push_back(first_label);
    const auto take = [&](std::span<const float> from, std::vector<double> Trace::*to) {
      if (from.empty()) {
        for (Trace& trace : traces_) std::ranges::fill(trace.*to, 0.0);
      } else {
        for_each_state([&](std::size_t first, Trace& trace, std::size_t own) {
          std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(first), network_.units,
                      (trace.*to).begin() + static_cast<std::ptrdiff_t>(own));
        });
      }
    };
    take(batch.initial_h, &Trace::initial_h);
    take(batch.initial_c, &Trace::initial_c);
  }

  void compute_forward() override {
    take_written_parameters();
    weights_.transpose();
    for_each_sample([this](int, Trace& trace, int) { reference::forward(network_, weights_, trace); });
  }

  void compute_loss() override {
    for_each_sample([this](int n, Trace& trace, int thread) {
      const std::size_t first = label_starts_[n];
      evaluate_loss(network_, batch_.samples, batch_.labels.subspan(first, label_starts_[n + 1] - first),
                    trace, scratch_[static_cast<std::size_t>(thread)]);
    });
  }

  double computed_loss() override {
    double sum = 0;
    for (int n = 0; n < batch_.samples; ++n) sum += traces_[static_cast<std::size_t>(n)].loss;
    return sum;
  }

  void compute_backward() override {
    for (auto& partial : partial_gradients_) std::fill(partial.begin(), partial.end(), 0.0);
    for_each_sample([this](int, Trace& trace, int thread) {
      reference::backward(network_, layout_, weights_, trace, scratch_[static_cast<std::size_t>(thread)],
                          partial_gradients_[static_cast<std::size_t>(thread)]);
    });
    for (std::size_t i = 0; i < gradients_.size(); ++i) {
      double sum = 0;
      for (const auto& partial : partial_gradients_) sum += partial[i];
      gradients_[i] = sum;
      rounded_gradients_[i] = static_cast<float>(sum);
    }
  }

  void compute_update() override {
    take_written_parameters();
    model::adam_step<double>(adam_, ++updates_, weights_.values(), gradients_, m_, v_);
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      parameters_[i] = published_[i] = static_cast<float>(weights_.values()[i]);
    }
  }

  void copy_gradients(std::span<const float> gradients) override {
    std::ranges::copy(gradients, gradients_.begin());
    std::ranges::copy(gradients, rounded_gradients_.begin());
  }

  void copy_logits(std::span<float> logits) const override {
    std::fill(logits.begin(), logits.end(), 0.0f);
    for (int n = 0; n < batch_.samples; ++n) {
      const double* logits_of = traces_[static_cast<std::size_t>(n)].logits.data();
      for_each_logit_row(n, [&](std::size_t first, std::size_t own) {
        std::copy_n(logits_of + own, network_.logits(), logits.data() + first);
      });
    }
  }

  void copy_logit_gradients(std::span<const float> gradients) override {
    for (int n = 0; n < batch_.samples; ++n) {
      double* d_logits = traces_[static_cast<std::size_t>(n)].d_logits.data();
      for_each_logit_row(n, [&](std::size_t first, std::size_t own) {
        std::copy_n(gradients.data() + first, network_.logits(), d_logits + own);
      });
    }
  }

  bool has_input_gradients() const override { return input_gradients_; }
  void copy_input_gradients(std::span<float> gradients) const override {
    std::fill(gradients.begin(), gradients.end(), 0.0f);
    for (int n = 0; n < batch_.samples; ++n) {
      const Trace& trace = traces_[static_cast<std::size_t>(n)];
      for_each_row(n, trace.length, network_.inputs, [&](std::size_t first, std::size_t own) {
        std::copy_n(trace.dx.data() + own, network_.inputs, gradients.data() + first);
      });
    }
  }

  bool has_states() const override { return true; }
  void copy_final_states(std::span<float> h, std::span<float> c) const override {
    const auto H = static_cast<std::size_t>(network_.units);
    for_each_state([&](std::size_t first, const Trace& trace, std::size_t own) {
      const std::size_t state = own / H, layer = state / static_cast<std::size_t>(network_.directions);
      const std::size_t direction = state % static_cast<std::size_t>(network_.directions);
      const auto end = static_cast<std::size_t>(direction == 0 ? trace.length - 1 : 0);
      const std::size_t width = H * static_cast<std::size_t>(network_.directions);
      std::copy_n(trace.y[layer].data() + end * width + direction * H, H, h.data() + first);
      std::copy_n(trace.c[state].data() + end * H, H, c.data() + first);
    });
  }
  void clear_final_state_gradients() override {
    for (Trace& trace : traces_) {
      std::ranges::fill(trace.dh, 0.0);
      std::ranges::fill(trace.dc, 0.0);
    }
  }
  void copy_final_state_gradients(std::span<const float> h, std::span<const float> c) override {
    for_each_state([&](std::size_t first, Trace& trace, std::size_t own) {
      std::copy_n(h.data() + first, network_.units, trace.dh.data() + own);
      std::copy_n(c.data() + first, network_.units, trace.dc.data() + own);
    });
  }
  void copy_initial_state_gradients(std::span<float> h, std::span<float> c) const override {
    for_each_state([&](std::size_t first, const Trace& trace, std::size_t own) {
      std::copy_n(trace.dh.data() + own, network_.units, h.data() + first);
      std::copy_n(trace.dc.data() + own, network_.units, c.data() + first);
    });
  }

  double compute_clipping(double max_norm) override {
    double sum = 0;
    for (const double gradient : gradients_) sum += gradient * gradient;
    const double norm = std::sqrt(sum);
    if (!model::exceeds(norm, max_norm)) return norm;
    for (std::size_t i = 0; i < gradients_.size(); ++i) {
      gradients_[i] *= max_norm / norm;
      rounded_gradients_[i] = static_cast<float>(gradients_[i]);
    }
    return norm;
  }

  void use_learning_rate(double rate) override { adam_.learning_rate = rate; }

  void use_adam_state(const AdamState& state) override {
    updates_ = state.updates;
    std::ranges::copy(state.first_moments, m_.begin());
    std::ranges::copy(state.second_moments, v_.begin());
  }

 private:
  // Calls body(where the caller has it, the sample's trace, where that has it) for each layer, direction and
  // sample.
  template <class Self, class Body>
  static void for_each_state_of(Self& self, const Body& body) {
    const auto H = static_cast<std::size_t>(self.network_.units);
    const auto N = static_cast<std::size_t>(self.batch_.samples);
    const auto states = static_cast<std::size_t>(self.network_.layers * self.network_.directions);
    for (std::size_t state = 0; state < states; ++state) {
      for (std::size_t n = 0; n < N; ++n) body((state * N + n) * H, self.traces_[n], state * H);
    }
  }
  template <class Body>
  void for_each_state(const Body& body) {
    for_each_state_of(*this, body);
  }
  template <class Body>
  void for_each_state(const Body& body) const {
    for_each_state_of(*this, body);
  }

  // Calls body(where the caller has it, where the sample's trace has it) for the rows, of `size` numbers, of
  // the first `steps` steps of a sample.
  template <class Body>
  void for_each_row(int n, int steps, int size, const Body& body) const {
    const auto sample = static_cast<std::size_t>(n), row_size = static_cast<std::size_t>(size);
    for (std::size_t t = 0; t < static_cast<std::size_t>(steps); ++t) {
      std::size_t row = 0;
      switch (batch_.order) {
        case RowOrder::by_sample:
          row = sample * static_cast<std::size_t>(batch_.time_steps) + t;
          break;
        case RowOrder::by_step:
          row = t * static_cast<std::size_t>(batch_.samples) + sample;
          break;
        case RowOrder::packed:
          row = first_rows_[t] + sample;
          break;
      }
      body(row * row_size, t * row_size);
    }
  }
  // The same for the logits of a sample that its loss reads.
  template <class Body>
  void for_each_logit_row(int n, const Body& body) const {
    const auto size = static_cast<std::size_t>(network_.logits());
    if (!network_.reads_every_step()) return body(static_cast<std::size_t>(n) * size, std::size_t{0});
    for_each_row(n, traces_[static_cast<std::size_t>(n)].loss_length, network_.logits(), body);
  }

  // The caller sees parameters as floats. Those it has written since they were last published replace the
  // doubles; the others keep the digits that a float does not show.
  void take_written_parameters() {
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      if (same_bits(parameters_[i], published_[i])) continue;
      weights_.values()[i] = published_[i] = parameters_[i];
    }
  }

  // function(sample, trace, thread): thread k takes the samples k, k + threads, ...
  template <class Function>
  void for_each_sample(const Function& function) {
    const auto share = [&](int thread) {
      for (int n = thread; n < batch_.samples; n += team_.threads()) {
        function(n, traces_[static_cast<std::size_t>(n)], thread);
      }
    };
    team_.run(share);
  }

  Network network_;
  BatchShape shape_;
  AdamOptions adam_;
  bool input_gradients_;
  ParameterLayout layout_;
  cpu::ThreadTeam team_;
  Weights weights_;
  std::vector<float> parameters_;
  std::vector<float> published_;  // parameters_ as this engine last left them
  std::vector<double> gradients_;
  std::vector<float> rounded_gradients_;
  std::vector<double> m_, v_;
  std::int64_t updates_ = 0;
  std::vector<std::vector<double>> partial_gradients_;  // one a thread
  std::vector<Scratch> scratch_;                        // one a thread
  std::vector<Trace> traces_;                           // one a sample
  Batch batch_;
  std::vector<std::size_t> label_starts_;  // (N + 1)
  std::vector<std::size_t> first_rows_;    // (T): rows of the steps before, in packed order
};

}  // namespace

std::unique_ptr<Engine> make_reference_engine(const Network& network, const BatchShape& shape,
                                              const EngineOptions& options, const AdamOptions& adam) {
  if (options.dtype != DType::fp64) {
    throw std::invalid_argument("reference: supports dtype fp64 only");
  }
  try {
    return std::make_unique<ReferenceEngine>(network, shape, options, adam);
  } catch (const std::length_error&) {  // of a vector longer than any memory
    throw std::bad_alloc();
  }
}

}  // namespace lstm::reference
