// One direction of one LSTM layer over one sequence, forward and backward, in float64.
//
// Hochreiter and Schmidhuber, "Long Short-Term Memory" (1997), with the forget gate of Gers, Schmidhuber and
// Cummins, "Learning to Forget" (2000), in the form of torch.nn.LSTM:
//   i, f, o = sigmoid(W x + b_W + R h' + b_R)     g = tanh(W x + b_W + R h' + b_R)
//   c = f c' + i g                                h = o tanh(c)
// where ' is the step before (reverse direction: the step after), at the start the initial state.
#pragma once

namespace lstm::reference {

struct DirectionShape {
  int inputs = 0;
  int units = 0;  // H
  bool is_reverse = false;
  int y_stride = 0;  // elements from one step to the next in y and dy
};

struct DirectionWeights {
  const double* W = nullptr;             // (4H, inputs), gates i, f, g, o
  const double* R = nullptr;             // (4H, H)
  const double* W_transposed = nullptr;  // (inputs, 4H)
  const double* R_transposed = nullptr;  // (H, 4H)
  const double* b_W = nullptr;           // (4H)
  const double* b_R = nullptr;           // (4H)
};

// (H) each.
struct InitialState {
  const double* h = nullptr;
  const double* c = nullptr;
};

struct DirectionGradients {
  double *W = nullptr, *R = nullptr, *b_W = nullptr, *b_R = nullptr;
};

// x (steps, inputs) -> gates (steps, 4H) after their activations, c (steps, H), y (steps, y_stride): h.
void forward_direction(const DirectionShape& shape, const DirectionWeights& weights, int steps,
                       const double* x, const InitialState& initial, double* gates, double* c, double* y);

// From dy (gradient of y) and what forward left: adds to the gradients of the weights and, where dx is not
// null, to dx (steps, inputs). dh and dc (H): in, gradients of the final state beside dy; out, of the initial
// one. d_gates (steps, 4H) is scratch, h_before (steps, H) too.
void backward_direction(const DirectionShape& shape, const DirectionWeights& weights, int steps,
                        const double* x, const InitialState& initial, const double* gates, const double* c,
                        const double* y, const double* dy, double* d_gates, double* h_before, double* dh,
                        double* dc, double* dx, const DirectionGradients& gradients);

}  // namespace lstm::reference
