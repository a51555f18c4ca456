#include "report/rnn_benchmarks/names.h"

#include <array>
#include <string_view>

#include "workload/builtin.h"

namespace lstmbench {
namespace {

struct Experiment {
  std::string_view experiment, workload;
};
constexpr std::array experiments{
    Experiment{"1x320-LSTM_cross-entropy_100", "1x320/CE-short"},
    Experiment{"1x320-LSTM_cross-entropy", "1x320/CE-long"},
    Experiment{"4x320-BIDIR-LSTM_cross-entropy", "4x320/CE-long"},
    Experiment{"4x320-BIDIR-LSTM_CTC", "4x320/CTC-long"},
};

std::string with_first_replaced(std::string text, char from, char to) {
  const auto position = text.find(from);
  if (position != std::string::npos) text[position] = to;
  return text;
}

}  // namespace

Workload workload_of_experiment(const std::string& experiment) {
  for (const auto& known : experiments)
    if (known.experiment == experiment) return *builtin_workload(known.workload);
  if (const auto own = builtin_workload(experiment)) return *own;
  Workload unknown;
  unknown.name = experiment;
  unknown.source = "imported";
  return unknown;
}

std::string experiment_of_workload(const std::string& workload) {
  for (const auto& known : experiments)
    if (known.workload == workload) return std::string(known.experiment);
  return workload;
}

std::string implementation_of_bench(const std::string& bench) {
  return with_first_replaced(bench, '_', '/');
}
std::string bench_of_implementation(const std::string& implementation) {
  return with_first_replaced(implementation, '/', '_');
}

}  // namespace lstmbench
