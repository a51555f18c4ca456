#include "workload/workload.h"

#include <fmt/format.h>

#include <stdexcept>

#include "workload/lengths.h"

namespace lstmbench {
namespace {

// No machine that this could run on holds more numbers than this.
constexpr double most_numbers = 1099511627776.0;  // 2^40
// No batch has so many; each has a length, and these are added up wherever a workload is shown.
constexpr int most_samples = 1 << 20;

// Parameters and input values as floating point, which does not overflow whatever the fields hold.
double parameters_estimate(const Workload& w) {
  const double gates = 4.0 * w.units;
  const double first = gates * (static_cast<double>(w.channels) + w.units + 2.0);
  const double upper = gates * (static_cast<double>(w.directions) * w.units + w.units + 2.0);
  return w.directions * (first + (w.layers - 1.0) * upper) +
         static_cast<double>(w.classes) * w.directions * w.units;
}

[[noreturn]] void refuse(const Workload& workload, const std::string& what) {
  throw std::invalid_argument(fmt::format("workload '{}': {}", workload.name, what));
}

void require_at_least(const Workload& workload, const char* field, int value, int least) {
  if (value < least) refuse(workload, fmt::format("{} is {}, expected at least {}", field, value, least));
}

}  // namespace

std::int64_t Workload::parameters() const {
  const std::int64_t gates = 4LL * units;
  const std::int64_t outputs = static_cast<std::int64_t>(directions) * units;  // of a layer
  const std::int64_t first = gates * (2LL + units + channels), upper = gates * (2 + units + outputs);
  return directions * (first + (layers - 1LL) * upper) + classes * outputs;
}

double Workload::flops() const {
  const double steps = static_cast<double>(lstm_steps(*this));
  const double product = 2.0 * steps * 4 * units;  // of one column of W or R with every step
  const double outputs = static_cast<double>(directions) * units;
  // Forward with W and R; backward dh, dR, dW, and dx where a layer is below.
  const double first = 3.0 * units + 2.0 * channels, upper = 3.0 * units + 3.0 * outputs;
  return directions * product * (first + (layers - 1.0) * upper);
}

void validate(const Workload& w) {
  if (w.name.empty()) throw std::invalid_argument("a workload has no name");
  constexpr auto allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_.+-";
  if (w.name.find_first_not_of(allowed) != std::string::npos)
    refuse(w, "a name may hold letters, digits and / _ . + - only");
  require_at_least(w, "layers", w.layers, 1);
  require_at_least(w, "units", w.units, 1);
  if (w.directions != 1 && w.directions != 2)
    refuse(w, fmt::format("directions is {}, expected 1 or 2", w.directions));
  require_at_least(w, "classes", w.classes, 2);
  require_at_least(w, "samples", w.samples, 1);
  require_at_least(w, "time_steps", w.time_steps, 1);
  require_at_least(w, "channels", w.channels, 1);
  require_at_least(w, "min_length", w.min_length, 1);
  if (w.min_length > w.time_steps)
    refuse(w, fmt::format("min_length is {}, expected at most time_steps ({})", w.min_length, w.time_steps));
  if (w.loss == Loss::ctc) {
    require_at_least(w, "labels", w.labels, 1);
    if (w.labels > w.min_length)
      refuse(w, fmt::format("labels is {}, but a sample of min_length ({}) steps has room for {} at most",
                            w.labels, w.min_length, w.min_length));
  } else {
    if (w.labels != 1)
      refuse(w, fmt::format("labels is {}, expected 1: cross-entropy has one label a sample", w.labels));
    if (w.pads) refuse(w, "pads is true, but only CTC can read fewer steps than the LSTM runs over");
  }
  if (w.samples > most_samples)
    refuse(w, fmt::format("samples is {}, expected at most {}", w.samples, most_samples));
  const double inputs = static_cast<double>(w.samples) * w.time_steps * w.channels;
  if (inputs > most_numbers)
    refuse(w, fmt::format("samples * time_steps * channels is {:.3g}, expected at most 2^40", inputs));
  if (parameters_estimate(w) > most_numbers)
    refuse(w,
           fmt::format("the network has {:.3g} parameters, expected at most 2^40", parameters_estimate(w)));
}

}  // namespace lstmbench
