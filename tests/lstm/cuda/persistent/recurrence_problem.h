// A random recurrence of one layer: lengths, R, biases, sums in front of the recurrence and gradients of y,
// in packed rows as the kernels see them; its answers by the float64 reference; and a launch of the emulated
// kernels on it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "cuda/persistent/arguments.h"
#include "cuda/persistent/pack.h"
#include "lstm/cuda/persistent/emulated_launch.h"

namespace lstm::cuda::persistent::emulation {

// 16-byte aligned, as memory of a GPU is.
template <class T>
class Aligned {
 public:
  explicit Aligned(std::size_t size = 0, T value = {}) : data_((size * sizeof(T) + 15) / 16), size_(size) {
    std::fill_n(get(), size, value);
  }
  T* get() { return reinterpret_cast<T*>(data_.data()); }
  const T* get() const { return reinterpret_cast<const T*>(data_.data()); }
  std::size_t size() const { return size_; }
  T& operator[](std::size_t i) { return get()[i]; }
  const T& operator[](std::size_t i) const { return get()[i]; }

 private:
  std::vector<Words> data_;
  std::size_t size_;
};

struct Launch {
  Arithmetic arithmetic = Arithmetic::fp32;
  int units = 8, directions = 1, samples = 4;
  int blocks = 2, slice = 4, parts = 1, warps = 2;  // how it is cut
  int most_warps = kMostWarps;                      // or kFewWarps
  bool is_cluster = true;
  bool is_dy_last = false;
  std::uint64_t seed = 1;

  std::string text() const;
};

// The largest difference so far, relative to the largest expected value of a tensor.
class Error {
 public:
  template <class T>
  void add(const T* got, const std::vector<double>& expected) {
    double largest = 0, difference = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const double a = to_float(got[i]);
      largest = std::max(largest, std::abs(expected[i]));
      difference = std::isnan(a) ? std::numeric_limits<double>::infinity()
                                 : std::max(difference, std::abs(a - expected[i]));
    }
    value_ = std::max(value_, difference / std::max(largest, 1e-6));
  }
  double value() const { return value_; }

 private:
  double value_ = 0;
};

class RecurrenceProblem {
 public:
  struct Direction {
    std::vector<double> R;                               // (4H, H)
    std::vector<double> b_W, b_R;                        // (4H)
    std::vector<double> sums, gates, c, y, dy, d_gates;  // packed rows x (4H or H)
    std::vector<double> bias_sums;                       // (N, 4H): d_gates, summed over steps
  };
  // Sorted lengths of 1..most_steps are drawn from the seed.
  RecurrenceProblem(const Launch& launch, int most_steps);

  // Each runs every group of the emulated launch; largest difference from the reference relative to the
  // largest value, over all that the pass writes. Throws what the emulation finds.
  double forward_error() const;
  // Starts from the reference's forward pass, rounded to float.
  double backward_error() const;

  const Geometry& geometry() const { return geometry_; }
  const std::vector<int>& row_starts() const { return row_starts_; }
  const std::vector<int>& lengths() const { return lengths_; }
  const std::vector<Direction>& directions() const { return directions_; }
  // As backward reads it: (rows, D*H), or (N + 1, D*H) of last steps and zeros.
  std::vector<double> all_dy() const;
  int zero_dy_row() const { return launch_.is_dy_last ? launch_.samples : -1; }

  // The order in which threads and packets of the emulation come.
  void set_order(std::uint64_t seed) { order_ = seed; }

 private:
  std::size_t row(int t, int place) const { return static_cast<std::size_t>(row_starts_[t] + place); }
  void keep_last_steps(std::vector<double>& dy) const;  // zero elsewhere
  void run_reference(Direction& direction, bool is_reverse) const;

  template <class T>
  double forward_error_of() const;
  template <class T>
  double backward_error_of() const;
  EmulatedLaunch emulated() const {
    return {.warps = launch_.warps,
            .most_warps = launch_.most_warps,
            .is_cluster = launch_.is_cluster,
            .seed = order_};
  }

  Launch launch_;
  std::uint64_t order_;
  Geometry geometry_;
  std::vector<int> lengths_, row_starts_;
  std::vector<Direction> directions_;
};

}  // namespace lstm::cuda::persistent::emulation
