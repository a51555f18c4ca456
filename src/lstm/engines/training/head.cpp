#include "engines/training/head.h"

#include <algorithm>
#include <numeric>

#include "engines/training/parallel.h"

namespace lstm::engines {
namespace {

std::size_t size(int a, int b) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

}  // namespace

Head::Head(const Network& network, const BatchShape& shape, int stored_units, Isa isa, cpu::ThreadTeam& team,
           kernels::Gemm& gemm)
    : network_(network),
      shape_(shape),
      team_(&team),
      gemm_(&gemm),
      softmax_(kernels::select(kernels::softmax_variants(), isa).function),
      ctc_(kernels::select(kernels::ctc_variants(), isa).function),
      width_(network.directions * stored_units),
      logit_row_(LogitRow::of(network, stored_units)),
      ctc_scratch_(static_cast<std::size_t>(network.loss == Loss::ctc ? team.threads() : 0)) {
  plan();
  arena_.allocate();
  plan();
}

void Head::plan() {
  const int rows = network_.reads_every_step() ? static_cast<int>(most_steps(shape_)) : shape_.samples;
  logits_ = arena_.take<float>(size(rows, network_.classes));
  d_logits_ = arena_.take<float>(size(rows, logit_row_.packed_size()));
  losses_ = arena_.take<double>(static_cast<std::size_t>(shape_.samples));
  for (CtcScratch& scratch : ctc_scratch_) {
    scratch.logits = arena_.take<float>(size(shape_.time_steps, network_.classes));
    scratch.work =
        arena_.take<float>(kernels::ctc_scratch_size(shape_.time_steps, network_.classes, shape_.max_labels));
  }
  if (network_.reads_every_step()) return;
  labels_ = arena_.take<std::int32_t>(static_cast<std::size_t>(rows));
  row_losses_ = arena_.take<float>(static_cast<std::size_t>(rows));
  last_y_ = arena_.take<float>(size(rows, width_));
  d_last_y_ = arena_.take<float>(size(rows, width_));
}

// Where every step is read they are whole steps, up to the last one that any sample's loss reads: their rows
// are contiguous.
int Head::logit_rows(const PackedBatch& batch) const {
  if (!network_.reads_every_step()) return batch.samples();
  int steps = 0;
  for (int place = 0; place < batch.samples(); ++place) steps = std::max(steps, batch.loss_length(place));
  return batch.row(steps);
}

void Head::forward(const PackedBatch& batch, const float* y, const float* weights) {
  if (!network_.reads_every_step()) {
    for (int place = 0; place < batch.samples(); ++place) {
      const float* last = y + size(batch.row(batch.length(place) - 1) + place, width_);
      std::copy_n(last, width_, last_y_.data() + size(place, width_));
    }
    y = last_y_.data();
  }
  y_ = y;
  if (network_.has_head()) forward_rows(batch, y, weights);
}

void Head::forward_rows(const PackedBatch& batch, const float* y, const float* weights) {
  (*gemm_)({.transpose_b = true,
            .m = logit_rows(batch),
            .n = network_.classes,
            .k = width_,
            .a = y,
            .lda = width_,
            .b = weights,
            .ldb = width_,
            .c = logits_.data(),
            .ldc = network_.classes});
}

void Head::read_logits(const PackedBatch& batch, std::span<float> logits) const {
  const float* packed = network_.has_head() ? logits_.data() : y_;
  const auto share = [&](int thread) {
    unpack_logits(network_, logit_row_, batch, packed, logits, {thread, team_->threads()});
  };
  team_->run(share);
}

void Head::set_logit_gradients(const PackedBatch& batch, std::span<const float> gradients) {
  const std::span<float> packed = d_logits_.first(size(logit_rows(batch), logit_row_.packed_size()));
  const auto share = [&](int thread) {
    pack_logit_gradients(network_, logit_row_, batch, gradients, packed, {thread, team_->threads()});
  };
  team_->run(share);
}

double Head::loss(const PackedBatch& batch) {
  const bool is_ctc = network_.loss == Loss::ctc;
  if (is_ctc) {
    ctc_loss(batch);
  } else {
    cross_entropy_loss(batch);
  }
  // Summed in one order, whatever thread had which sample.
  const auto losses = losses_.first(static_cast<std::size_t>(batch.samples()));
  const double sum = std::accumulate(losses.begin(), losses.end(), 0.0);
  return is_ctc ? sum : sum / batch.samples();
}

void Head::cross_entropy_loss(const PackedBatch& batch) {
  const int V = network_.classes;
  for_each_part(*team_, batch.samples(), kSmallestPointwisePart / V + 1,
                [&](std::int64_t first_place, std::int64_t last_place) {
                  const auto first = static_cast<std::size_t>(first_place);
                  for (auto place = static_cast<int>(first_place); place < last_place; ++place) {
                    labels_[static_cast<std::size_t>(place)] = batch.labels(place)[0];
                  }
                  softmax_({.rows = static_cast<int>(last_place - first_place),
                            .classes = V,
                            .logits = logits_.data() + first * V,
                            .logits_stride = V,
                            .labels = labels_.data() + first,
                            .scale = 1.0f / static_cast<float>(batch.samples()),
                            .losses = row_losses_.data() + first,
                            .d_logits = d_logits_.data() + first * V,
                            .d_logits_stride = V});
                });
  std::copy_n(row_losses_.begin(), batch.samples(), losses_.begin());
}

// The steps of one sample lie apart where the active batch shrinks, so each sample is gathered first.
void Head::ctc_loss(const PackedBatch& batch) {
  const int V = network_.classes, rows = logit_rows(batch);
  for_each_item(*team_, batch.samples(), [&](int place, int thread) {
    const auto& scratch = ctc_scratch_[static_cast<std::size_t>(thread)];
    float* const own = scratch.logits.data();
    const int steps = batch.loss_length(place);
    const auto row = [&](int t) { return size(batch.row(t) + place, V); };
    for (int t = 0; t < steps; ++t) std::copy_n(logits_.data() + row(t), V, own + size(t, V));
    const std::span<const std::int32_t> labels = batch.labels(place);
    losses_[static_cast<std::size_t>(place)] = ctc_({.time_steps = steps,
                                                     .classes = V,
                                                     .label_count = static_cast<int>(labels.size()),
                                                     .logits = own,
                                                     .logits_stride = V,
                                                     .labels = labels.data(),
                                                     .d_logits = own,
                                                     .d_logits_stride = V},
                                                    scratch.work.data());
    for (int t = 0; t < steps; ++t) std::copy_n(own + size(t, V), V, d_logits_.data() + row(t));
    const int end = batch.length(place);  // steps that the loss does not read
    for (int t = steps; t < end && row(t) < size(rows, V); ++t) {
      std::fill_n(d_logits_.data() + row(t), V, 0.0f);
    }
  });
}

void Head::backward_products(const PackedBatch& batch, const float* y, const float* weights, float* d_weights,
                             float* dy) {
  const int rows = logit_rows(batch);
  if (!network_.has_head()) {
    for_each_part(*team_, static_cast<std::int64_t>(size(rows, width_)), kSmallestPointwisePart,
                  [&](std::int64_t first, std::int64_t last) {
                    std::copy(d_logits_.begin() + first, d_logits_.begin() + last, dy + first);
                  });
    return;
  }
  (*gemm_)({.transpose_a = true,
            .m = network_.classes,
            .n = width_,
            .k = rows,
            .a = d_logits_.data(),
            .lda = network_.classes,
            .b = y,
            .ldb = width_,
            .c = d_weights,
            .ldc = width_});
  (*gemm_)({.m = rows,
            .n = width_,
            .k = network_.classes,
            .a = d_logits_.data(),
            .lda = network_.classes,
            .b = weights,
            .ldb = width_,
            .c = dy,
            .ldc = width_});
}

const float* Head::backward_last_steps(const PackedBatch& batch, const float* weights, float* d_weights) {
  backward_products(batch, last_y_.data(), weights, d_weights, d_last_y_.data());
  return d_last_y_.data();
}

void Head::backward(const PackedBatch& batch, const float* y, const float* weights, float* d_weights,
                    float* dy) {
  const float* d_last = nullptr;
  int written = 0;  // rows of dy
  if (network_.reads_every_step()) {
    backward_products(batch, y, weights, d_weights, dy);
    written = logit_rows(batch);
  } else {
    d_last = backward_last_steps(batch, weights, d_weights);
  }
  float* rest = dy + size(written, width_);
  const std::int64_t count = static_cast<std::int64_t>(batch.rows() - written) * width_;
  for_each_part(*team_, count, kSmallestPointwisePart,
                [&](std::int64_t first, std::int64_t last) { std::fill(rest + first, rest + last, 0.0f); });
  if (network_.reads_every_step()) return;
  for (int place = 0; place < batch.samples(); ++place) {
    std::copy_n(d_last + size(place, width_), width_,
                dy + size(batch.row(batch.length(place) - 1) + place, width_));
  }
}

}  // namespace lstm::engines
