// Values that the kernels over parameters and gradients take.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "cuda/kernels/stream_handle.h"

namespace lstm::cuda {

constexpr int kColumnSumRows = 8;       // of threads in a block
constexpr int kColumnSumPartials = 64;  // blocks that share a column

// One step of Adam, as kernels/adam/adam.h.
struct AdamStep {
  long long count = 0;               // of each of the following
  const float* gradients = nullptr;  //
  float* parameters = nullptr;       // p = decay * p - step_size * m / (sqrt(v) * root_scale + epsilon)
  float* first_moments = nullptr;    // m += weight1 * (g - m)
  float* second_moments = nullptr;   // v = beta2 * v + weight2 * g * g
  float weight1 = 0, beta2 = 0, weight2 = 0, root_scale = 0, epsilon = 0, step_size = 0, decay = 1;
};

// A matrix that lies at one place in one buffer and at another in another; all in elements.
struct Segment {
  std::int64_t from = 0, to = 0;
  int rows = 0, columns = 0;
  int from_stride = 0, to_stride = 0;  // from one row to the next
};

// to = scale * from, segment by segment.
template <class From, class To>
struct SegmentCopies {
  const Segment* segments = nullptr;  // (count), on the device
  int count = 0;                      //
  long long largest = 0;              // elements of the largest
  const From* from = nullptr;         //
  To* to = nullptr;                   //
  float scale = 1.0f;                 //
};

// Blocks of kCopyThreads threads that a segment is given.
constexpr int kCopyThreads = 256;
inline unsigned copy_blocks(long long largest) {
  constexpr long long kElementsEach = 4 * kCopyThreads, kMostBlocks = 1024;
  return static_cast<unsigned>(std::clamp((largest + kElementsEach - 1) / kElementsEach, 1LL, kMostBlocks));
}

// Elements of the largest.
inline long long largest_of(std::span<const Segment> segments) {
  long long largest = 0;
  for (const Segment& segment : segments) {
    largest = std::max(largest, static_cast<long long>(segment.rows) * segment.columns);
  }
  return largest;
}

void adam(StreamHandle stream, const AdamStep& step);

// b_W = b_R = scale * the sums over the rows of d_gates (rows, columns), added to what is there where `adds`:
// one gradient for two biases that are added. partial holds kColumnSumPartials * columns floats.
template <class T>
void bias_gradient(StreamHandle stream, int rows, int columns, const T* d_gates, float scale, bool adds,
                   float* partial, float* b_W, float* b_R);
// The same where few rows of sums (rows, columns) are there already.
void bias_gradient_of_sums(StreamHandle stream, int rows, int columns, const float* sums, float scale,
                           bool adds, float* b_W, float* b_R);

template <class From, class To>
void copy_segments(StreamHandle stream, const SegmentCopies<From, To>& copies);

constexpr int kSquareSums = 128;  // most blocks that share the values

// *total = the sum of the squares of `values` (count), in one order; partial holds kSquareSums numbers.
void sum_of_squares(StreamHandle stream, long long count, const float* values, double* partial,
                    double* total);

// to (count) = scale * from; both may be the same.
template <class From, class To>
void convert(StreamHandle stream, long long count, const From* from, float scale, To* to);

}  // namespace lstm::cuda
