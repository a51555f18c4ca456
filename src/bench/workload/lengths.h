// How many steps of each sample are real.
#pragma once

#include <cstdint>
#include <vector>

#include "workload/workload.h"

namespace lstmbench {

// numpy.int32(numpy.linspace(low, high, count)): rounded towards zero; {low} where count is 1.
std::vector<std::int32_t> int32_linspace(int low, int high, int count);

// (N) steps that the LSTM runs over, and that CTC reads.
std::vector<std::int32_t> lstm_lengths(const Workload& workload);
std::vector<std::int32_t> loss_lengths(const Workload& workload);
// The sum of lstm_lengths(), without a list of them.
std::int64_t lstm_steps(const Workload& workload);

}  // namespace lstmbench
