#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <stdexcept>

#include "bench/report/rnn_benchmarks/published_example.h"
#include "report/model.h"
#include "report/rnn_benchmarks/names.h"
#include "report/rnn_benchmarks/read.h"
#include "report/rnn_benchmarks/write.h"

namespace lstmbench {
namespace {

using ::testing::HasSubstr;

constexpr const char* original_order = "bench,experiment,name,parameters,runtime,version";
constexpr const char* other_order = "version,runtime,parameters,name,experiment,bench";

Report report_of(const std::string& csv) {
  const PublishedRun published =
      make_published_run(read_rnn_benchmarks(csv, "results.csv"), {{"GPU", "GTX 1080"}});
  StoredRun stored;
  stored.run = published.run;
  stored.run.state = RunState::finished;
  stored.machine = published.machine;
  for (std::size_t i = 0; i < published.cases.size(); ++i) {
    StoredCase one;
    one.id = static_cast<std::int64_t>(i) + 1;
    one.record = published.cases[i];
    one.rounds[1] = published.round.cases[i];
    stored.cases.push_back(one);
  }
  stored.rounds[1].number = 1;
  return build_report(stored);
}

TEST(RnnBenchmarks, PublishedNumbersComeBackToTheDigitShown) {
  for (const char* columns : {original_order, other_order}) {
    const Report report = report_of(published_csv(columns));
    EXPECT_TRUE(report.is_published);
    std::map<std::string, const ReportRow*> rows;
    for (const auto& table : report.tables)
      for (const auto& row : table.rows)
        rows[experiment_of_workload(row.a_case.workload.name) +
             bench_of_implementation(row.a_case.implementation) + row.a_case.version] = &row;
    ASSERT_EQ(rows.size(), published_bars().size());
    for (const auto& bar : published_bars()) {
      const ReportRow& row = *rows.at(bar.experiment + bar.bench + bar.version);
      EXPECT_EQ(row.status, "PUBLISHED");
      EXPECT_NEAR(*row.total_mean_ns * 1e-6, bar.mean_ms, 0.005) << bar.bench << bar.version;
      EXPECT_NEAR(*row.total_deviation_ns * 1e-6, bar.deviation_ms, 0.005) << bar.bench << bar.version;
      EXPECT_FALSE(row.phases);
      EXPECT_FALSE(row.is_cold);
    }
    EXPECT_EQ(report.tables[0].workload.name, "1x320/CE-long");
    EXPECT_NEAR(report.tables[0].rows.back().relative->ratio, 676.67 / 79.54, 1e-4);
  }
}

TEST(RnnBenchmarks, ExportGivesTheSameStepsInTheSameOrder) {
  const auto before = read_rnn_benchmarks(published_csv(other_order), "a");
  const auto after = read_rnn_benchmarks(render_rnn_benchmarks(report_of(published_csv(other_order))), "b");
  ASSERT_EQ(after.size(), before.size());
  for (const auto& series : before) {
    const auto same = std::find_if(after.begin(), after.end(), [&](const PublishedSeries& other) {
      return other.bench == series.bench && other.experiment == series.experiment &&
             other.version == series.version;
    });
    ASSERT_NE(same, after.end()) << series.bench;
    EXPECT_EQ(same->parameters, series.parameters);
    EXPECT_THAT(same->seconds, testing::Pointwise(testing::DoubleNear(1e-9), series.seconds));
  }
}

TEST(RnnBenchmarks, NamesOfOthersStay) {
  EXPECT_EQ(workload_of_experiment("1x320-LSTM_cross-entropy_100").name, "1x320/CE-short");
  EXPECT_EQ(workload_of_experiment("mine").name, "mine");
  EXPECT_EQ(workload_of_experiment("mine").units, 0);
  EXPECT_EQ(implementation_of_bench("keras-tensorflow_cudnnLSTM"), "keras-tensorflow/cudnnLSTM");
  const Report report = report_of("bench,experiment,parameters,runtime,version\na_b,mine,7,0.5,1\n");
  EXPECT_THAT(describe(report.tables[0].workload), HasSubstr("does not describe"));
  EXPECT_FALSE(report.tables[0].rows[0].gflops);
  EXPECT_THAT(render_rnn_benchmarks(report), HasSubstr("a_b,mine,bench_a_b.py,0,0.500000000,1\n"));
}

TEST(RnnBenchmarks, OneNameIsOneSeriesHoweverItIsWritten) {
  const auto series = read_rnn_benchmarks(
      "bench,experiment,parameters,runtime,version\na_b,mine,7,0.5,1\na/b,mine,7,0.25,1\n"
      "a_b,1x320/CE-long,7,1,1\na_b,1x320-LSTM_cross-entropy,7,2,1\n",
      "a");
  ASSERT_EQ(series.size(), 2u);
  EXPECT_THAT(series[0].seconds, testing::ElementsAre(0.5, 0.25));
  EXPECT_THAT(series[1].seconds, testing::ElementsAre(1, 2));
}

TEST(RnnBenchmarks, AStepOfLessThanANanosecondIsRefused) {
  EXPECT_THROW(read_rnn_benchmarks("bench,experiment,parameters,runtime,version\na,b,1,1e-12,1\n", "a"),
               std::invalid_argument);
}

TEST(RnnBenchmarks, TheLongestRunsDoNotOverflow) {
  PublishedSeries longest{"a_b", "mine", "1", 7, std::vector<double>(10000, 1e6)};
  EXPECT_EQ(make_published_run({longest}, {}).round.cases[0].elapsed_ns,
            std::numeric_limits<std::int64_t>::max());
}

TEST(RnnBenchmarks, ParametersThatDoNotFitAreSaid) {
  const auto series = read_rnn_benchmarks(
      "bench,experiment,parameters,runtime,version\na_b,1x320-LSTM_cross-entropy,7,0.5,1\n", "a");
  ASSERT_EQ(make_published_run(series, {}).run.notes.size(), 1u);
}

TEST(RnnBenchmarks, OnlyThePublishedFileIsTakenForIt) {
  EXPECT_TRUE(machine_of_published_results(read_rnn_benchmarks(published_csv(original_order), "a")).empty());
}

std::string complaint(const std::string& text) {
  try {
    read_rnn_benchmarks(text, "f.csv");
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "none";
}

TEST(RnnBenchmarks, SaysWhereTheFileIsWrong) {
  const std::string header = "bench,experiment,parameters,runtime,version\n";
  EXPECT_THAT(complaint(""), HasSubstr("f.csv:1: the file is empty"));
  EXPECT_THAT(complaint(header), HasSubstr("no line below"));
  EXPECT_THAT(complaint("bench,experiment,parameters,version\n"), HasSubstr("no column 'runtime'"));
  EXPECT_THAT(complaint("bench,bench,experiment,parameters,runtime,version\n"),
              HasSubstr("'bench' is there twice"));
  EXPECT_THAT(complaint(header + "a,b,1,0.5\n"), HasSubstr("f.csv:2: 4 fields, the header has 5"));
  for (const char* runtime : {"0", "-1", "nan", "inf", "1e300", "fast", "0.5s", "", "0x1"})
    EXPECT_THAT(complaint(header + "a,b,1," + runtime + ",1\n"), HasSubstr("f.csv:2: runtime must be"))
        << runtime;
  EXPECT_THAT(complaint(header + "a,b,many,1,1\n"), HasSubstr("parameters must be"));
  EXPECT_THAT(complaint(header + "a,,1,1,1\n"), HasSubstr("must not be empty"));
  EXPECT_THAT(complaint(header + "a,b,1,1,1\na,b,2,1,1\n"),
              HasSubstr("f.csv:3: 'a' 'b' '1' has 2 parameters"));
  EXPECT_THAT(complaint(header + "a,b,1,1,\"1\n"), HasSubstr("f.csv:2: a quotation mark"));
}

}  // namespace
}  // namespace lstmbench
