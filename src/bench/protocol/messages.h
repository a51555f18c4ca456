// The worker protocol's messages as values (docs/worker-protocol.md).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace lstmbench {

struct ImplementationInfo {
  std::string name;
  std::string description;
  std::vector<std::string> dtypes;
  std::vector<std::string> devices;
  std::map<std::string, std::string> notes = {};  // by dtype: what to know before it is measured here
  std::string unavailable = {};                   // why it cannot run here; empty: it can
};

struct Hello {
  std::string library;
  std::string version;
  std::map<std::string, std::string> build;
  std::vector<ImplementationInfo> implementations;
};

struct Prepared {
  std::optional<std::int64_t> workspace_bytes;
  std::string description;
};

// What a phase of a step cannot take: a year.
inline constexpr std::int64_t year_ns = 365LL * 24 * 3600 * 1'000'000'000;

struct StepTimes {
  std::int64_t input_ns = 0, forward_ns = 0, loss_ns = 0, backward_ns = 0, update_ns = 0;
  double loss = 0;
  std::optional<std::int64_t> device_ns =
      {};  // of forward, loss and backward together, by the device's own clock

  std::int64_t headline_ns() const { return forward_ns + loss_ns + backward_ns; }
  std::int64_t total_ns() const { return input_ns + headline_ns() + update_ns; }
};

struct MemoryUse {
  std::optional<std::int64_t> peak_rss_bytes;
  std::optional<std::int64_t> device_peak_bytes;
  std::string device_state =
      {};  // for people: a GPU's clocks, power and what held it back behind the last steps
};

struct PeakRates {
  std::optional<double> fp32_gflops, bf16_gflops, l2_gbytes, memory_gbytes;
  std::optional<double> tf32_gflops = {}, fp16_gflops = {};  // of a GPU
};

}  // namespace lstmbench
