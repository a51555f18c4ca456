// Numbers as a table shows them: three or four significant digits, never more than the measurement has.
#pragma once

#include <optional>
#include <string>

namespace lstmbench {

// "48.31", "232.4", "8332": milliseconds of a step, without unit.
std::string format_milliseconds(double nanoseconds);
// "1.00", "12.3", "145": how many times.
std::string format_ratio(double ratio);
std::string format_gflops(double gflops);
// "19.8 GFLOP", "1.61 TFLOP": work.
std::string format_work(double flops);
// "2e-07": an error relative to a norm.
std::string format_error(double error);

}  // namespace lstmbench
