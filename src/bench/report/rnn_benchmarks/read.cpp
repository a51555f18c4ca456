#include "report/rnn_benchmarks/read.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <stdexcept>

#include "protocol/text.h"
#include "report/csv_reader.h"
#include "report/rnn_benchmarks/names.h"

namespace lstmbench {
namespace {

constexpr const char* published_protocol = "published";
constexpr std::array<const char*, 5> required{"bench", "experiment", "parameters", "runtime", "version"};
constexpr double shortest_step_s = 1e-9, longest_step_s = 1e6;  // stored as whole nanoseconds
constexpr std::int64_t most_elapsed_ns = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t longest_quotation = 40;
constexpr double published_seconds = 4816.660115459005;  // all steps of the file that the original published

template <typename Number>
std::optional<Number> number(const std::string& text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Column of each of `required`.
std::array<std::size_t, required.size()> columns_of(const std::vector<std::string>& header) {
  std::array<std::size_t, required.size()> columns{};
  for (std::size_t i = 0; i < required.size(); ++i) {
    const auto found = std::find(header.begin(), header.end(), required[i]);
    if (found == header.end())
      throw std::invalid_argument(fmt::format(
          "there is no column '{}'; expected are bench, experiment, name, parameters, runtime (seconds) and "
          "version in any order, got {}",
          required[i], in_quotes(fmt::format("{}", fmt::join(header, ",")), longest_quotation)));
    if (std::find(found + 1, header.end(), required[i]) != header.end())
      throw std::invalid_argument(fmt::format("the column '{}' is there twice", required[i]));
    columns[i] = static_cast<std::size_t>(found - header.begin());
  }
  return columns;
}

void add_step(const std::vector<std::string>& values, std::vector<PublishedSeries>& series,
              std::map<std::array<std::string, 3>, std::size_t>& index) {
  const std::string bench = to_valid_utf8(values[0]), experiment = to_valid_utf8(values[1]),
                    version = to_valid_utf8(values[4]);
  for (const auto* text : {&bench, &experiment, &version})
    if (text->empty()) throw std::invalid_argument("bench, experiment and version must not be empty");
  const auto parameters = number<std::int64_t>(values[2]);
  if (!parameters || *parameters < 0)
    throw std::invalid_argument(
        fmt::format("parameters must be a whole number, got {}", in_quotes(values[2], longest_quotation)));
  const auto runtime = number<double>(values[3]);
  if (!runtime || !(*runtime >= shortest_step_s && *runtime <= longest_step_s))
    throw std::invalid_argument(fmt::format("runtime must be a step's seconds, above 0, got {}",
                                            in_quotes(values[3], longest_quotation)));
  // By what they will be called: "a_b" and "a/b" are one implementation.
  const auto [entry, is_new] = index.try_emplace(
      {implementation_of_bench(bench), workload_of_experiment(experiment).name, version}, series.size());
  if (is_new) series.push_back({bench, experiment, version, *parameters, {}});
  PublishedSeries& own = series[entry->second];
  if (own.parameters != *parameters)
    throw std::invalid_argument(fmt::format("{} {} {} has {} parameters, a line before it said {}",
                                            in_quotes(bench), in_quotes(experiment), in_quotes(version),
                                            *parameters, own.parameters));
  own.seconds.push_back(*runtime);
}

CaseRecord case_of(const PublishedSeries& series) {
  CaseRecord record;
  Case& a_case = record.a_case;
  a_case.workload = workload_of_experiment(series.experiment);
  a_case.implementation = implementation_of_bench(series.bench);
  a_case.version = series.version;
  a_case.device = "cuda";
  a_case.worker.name = series.bench.substr(0, series.bench.find('_'));
  record.description = fmt::format("{} on {}", series.bench, series.experiment);
  return record;
}

// The original timed whole steps only: they stand where the forward phase does.
CaseRound round_of(const PublishedSeries& series) {
  CaseRound round;
  const int steps = static_cast<int>(series.seconds.size());
  for (int step = 0; step < steps; ++step) {
    SampleRecord sample;
    sample.step = step;
    sample.is_warmup = step < steps - published_steps;
    sample.times.forward_ns = std::llround(series.seconds[static_cast<std::size_t>(step)] * 1e9);
    sample.times.loss = std::numeric_limits<double>::quiet_NaN();
    round.elapsed_ns += std::min(sample.times.forward_ns, most_elapsed_ns - round.elapsed_ns);
    round.samples.push_back(sample);
  }
  return round;
}

}  // namespace

std::vector<PublishedSeries> read_rnn_benchmarks(std::string_view text, const std::string& file) {
  CsvReader reader(text);
  std::vector<PublishedSeries> series;
  std::map<std::array<std::string, 3>, std::size_t> index;
  std::vector<std::string> fields;
  try {
    if (text.find('\0') != std::string_view::npos)
      throw std::invalid_argument("this is no CSV: it holds bytes that are no text");
    if (!reader.next(fields))
      throw std::invalid_argument("the file is empty, expected a header and a line a step");
    const std::vector<std::string> header = fields;
    const auto columns = columns_of(header);
    while (reader.next(fields)) {
      if (fields.size() != header.size())
        throw std::invalid_argument(
            fmt::format("{} fields, the header has {}", fields.size(), header.size()));
      std::vector<std::string> values;
      for (const std::size_t column : columns) values.push_back(fields[column]);
      add_step(values, series, index);
    }
    if (series.empty()) throw std::invalid_argument("there is no line below the header");
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(fmt::format("{}:{}: {}", file, std::max(1, reader.line()), error.what()));
  }
  return series;
}

PublishedRun make_published_run(const std::vector<PublishedSeries>& series, const MachineFacts& machine) {
  PublishedRun published;
  published.run.protocol = published_protocol;
  published.run.settings = "{}";
  published.machine = machine;
  published.round.number = 1;
  for (const auto& one : series) {
    published.cases.push_back(case_of(one));
    published.round.cases.push_back(round_of(one));
    published.round.cases.back().position = static_cast<int>(published.round.cases.size()) - 1;
    const Workload& workload = published.cases.back().a_case.workload;
    if (workload.units > 0 && workload.parameters() != one.parameters)
      published.run.notes.push_back(fmt::format("{} {} says {} parameters; {} has {}", one.bench, one.version,
                                                one.parameters, workload.name, workload.parameters()));
  }
  return published;
}

bool is_published(const RunRecord& run) {
  return run.protocol == published_protocol;
}

MachineFacts machine_of_published_results(const std::vector<PublishedSeries>& series) {
  // The sum of all its steps tells the published file from any other.
  double seconds = 0;
  std::size_t steps = 0;
  for (const auto& one : series) {
    seconds += std::accumulate(one.seconds.begin(), one.seconds.end(), 0.0);
    steps += one.seconds.size();
  }
  if (steps != 9500 || series.size() != 19 || std::abs(seconds - published_seconds) > 1e-6) return {};
  return {{"published", "2018, github.com/stefbraun/rnn_benchmarks"},
          {"GPU", "GTX 1080 Founders Edition"},
          {"CPU", "Xeon W-2195"},
          {"system", "Ubuntu 16.04"}};
}

}  // namespace lstmbench
