// How the original comparison (rnn_benchmarks, 2018) calls what is called otherwise here.
#pragma once

#include <string>

#include "workload/workload.h"

namespace lstmbench {

// "1x320-LSTM_cross-entropy": the built-in workload 1x320/CE-long. Any other name becomes a workload of which
// only the name is known (no units).
Workload workload_of_experiment(const std::string& experiment);
// The other way round; a name that the original does not have stays as it is.
std::string experiment_of_workload(const std::string& workload);

// "pytorch_LSTMCell-fused": "pytorch/LSTMCell-fused".
std::string implementation_of_bench(const std::string& bench);
std::string bench_of_implementation(const std::string& implementation);

}  // namespace lstmbench
