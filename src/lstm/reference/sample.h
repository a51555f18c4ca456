// The whole network on one sample: forward, loss, backward. Every sample is a sequence of its own length, so
// there is no padding and nothing to mask.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "lstm/network.h"
#include "lstm/parameters.h"
#include "reference/ctc.h"
#include "reference/direction.h"

namespace lstm::reference {

// All parameters in the order of the layout, and the transposed copies that the loops like.
class Weights {
 public:
  // `layout` must outlive the weights.
  explicit Weights(const ParameterLayout& layout);

  std::span<double> values() { return values_; }
  // To be called after values() has changed.
  void transpose();

  DirectionWeights direction(int layer, int direction) const;
  const double* head() const;             // (V, D*H)
  const double* head_transposed() const;  // (D*H, V)
  std::size_t bytes() const;

 private:
  const ParameterLayout* layout_;
  std::vector<double> values_;
  std::vector<double> transposed_;  // each matrix at its own offset
};

// What one sample's forward pass leaves for its backward pass; T is what it was built for.
struct Trace {
  Trace(const Network& network, int time_steps, bool input_gradients);

  int length = 0;                          // steps of the LSTM
  int loss_length = 0;                     // steps of CTC, else length; cross-entropy reads the last only
  std::vector<double> x;                   // (T, C)
  std::vector<std::vector<double>> gates;  // one a layer and direction: (T, 4H)
  std::vector<std::vector<double>> c;      // one a layer and direction: (T, H)
  std::vector<std::vector<double>> y;      // one a layer: (T, D*H), [forward | reverse]
  std::vector<double> logits;              // (T, V); cross-entropy: (V); without a head (T, D*H)
  std::vector<double> d_logits;            // likewise
  std::vector<double> dx;                  // (T, C), where it is wanted
  // (L * D, H) each; gradients of final states become those of initial ones in backward.
  std::vector<double> initial_h, initial_c, dh, dc;
  double loss = 0;

  std::size_t bytes() const;
};

// What a pass needs beside the trace; one a thread.
struct Scratch {
  Scratch(const Network& network, const BatchShape& shape);

  std::vector<double> d_gates;   // (T, 4H)
  std::vector<double> h_before;  // (T, H)
  std::vector<double> dy;        // (T, D*H)
  std::vector<double> dx;        // (T, D*H)
  CtcScratch ctc;                // empty for other losses

  std::size_t bytes() const;
};

// None of the following allocates. From trace.x, the initial states and the lengths to trace.logits.
void forward(const Network& network, const Weights& weights, Trace& trace);
// Cross-entropy: labels is the class; its loss and gradient are scaled by 1 / samples. Sets trace.loss,
// d_logits.
void evaluate_loss(const Network& network, int samples, std::span<const std::int32_t> labels, Trace& trace,
                   Scratch& scratch);
// Adds this sample's gradients to `gradients`, in the order of the layout; sets trace.dx where it is wanted.
void backward(const Network& network, const ParameterLayout& layout, const Weights& weights, Trace& trace,
              Scratch& scratch, std::span<double> gradients);

}  // namespace lstm::reference
