// Results that somebody published, as CSV: read or refused in one line; and what was read can be reported,
// and exported and read again as the same.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "report/model.h"
#include "report/rnn_benchmarks/names.h"
#include "report/rnn_benchmarks/read.h"
#include "report/rnn_benchmarks/write.h"

namespace {

using lstmbench::PublishedSeries;

// Nanoseconds of each series, under the names that it has here.
std::map<std::tuple<std::string, std::string, std::string>, std::vector<std::int64_t>> steps_of(
    const std::vector<PublishedSeries>& all) {
  std::map<std::tuple<std::string, std::string, std::string>, std::vector<std::int64_t>> steps;
  for (const auto& series : all) {
    auto& own = steps[{lstmbench::implementation_of_bench(series.bench),
                       lstmbench::workload_of_experiment(series.experiment).name, series.version}];
    if (!own.empty()) __builtin_trap();  // two series of one name
    for (const double seconds : series.seconds) own.push_back(std::llround(seconds * 1e9));
  }
  return steps;
}

lstmbench::StoredRun stored_run(const lstmbench::PublishedRun& published) {
  lstmbench::StoredRun stored;
  stored.run = published.run;
  stored.run.state = lstmbench::RunState::finished;
  for (std::size_t i = 0; i < published.cases.size(); ++i) {
    lstmbench::StoredCase one;
    one.id = static_cast<std::int64_t>(i) + 1;
    one.record = published.cases[i];
    one.rounds[1] = published.round.cases[i];
    stored.cases.push_back(one);
  }
  stored.rounds[1].number = 1;
  return stored;
}

bool is_close(const std::vector<std::int64_t>& a, const std::vector<std::int64_t>& b) {
  // From nanoseconds to seconds and back, long times lose their last digits.
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](std::int64_t x, std::int64_t y) { return std::abs(x - y) <= 1; });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<PublishedSeries> series;
  try {
    series = lstmbench::read_rnn_benchmarks({reinterpret_cast<const char*>(data), size}, "results.csv");
  } catch (const std::invalid_argument& error) {
    if (std::string_view(error.what()).find('\n') != std::string_view::npos) __builtin_trap();
    return 0;
  }
  lstmbench::machine_of_published_results(series);
  const auto report = lstmbench::build_report(stored_run(lstmbench::make_published_run(series, {})));
  const auto again = lstmbench::read_rnn_benchmarks(lstmbench::render_rnn_benchmarks(report), "exported.csv");
  const auto before = steps_of(series), after = steps_of(again);
  if (before.size() != after.size()) __builtin_trap();
  for (const auto& [name, steps] : before) {
    const auto same = after.find(name);
    if (same == after.end() || !is_close(steps, same->second)) __builtin_trap();
  }
  return 0;
}
