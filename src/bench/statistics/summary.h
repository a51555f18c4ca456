// What a set of numbers says: order statistics first, because timings have long tails.
#pragma once

#include <span>

namespace lstmbench {

// All throw std::invalid_argument for an empty set.

// Linear interpolation between order statistics (Hyndman and Fan, 1996, definition 7; NumPy's default);
// 0 <= probability <= 1.
double quantile(std::span<const double> values, double probability);
double median(std::span<const double> values);
// Median of the distances from the median, unscaled.
double median_absolute_deviation(std::span<const double> values);
double mean(std::span<const double> values);
// Divides by n - 1; 0 for a single value.
double standard_deviation(std::span<const double> values);

}  // namespace lstmbench
