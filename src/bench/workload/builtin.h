// The workloads that come with lstmbench: the original's four and the padded form of its CTC workload.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "workload/workload.h"

namespace lstmbench {

// In the order of docs/workloads.md.
std::span<const Workload> builtin_workloads();
std::optional<Workload> builtin_workload(std::string_view name);

}  // namespace lstmbench
