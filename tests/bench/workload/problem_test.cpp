#include "workload/problem.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <boost/crc.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "temporary_directory.h"
#include "workload/builtin.h"

namespace lstmbench {
namespace {

template <typename T>
std::uint32_t crc(const std::vector<T>& values) {
  boost::crc_32_type sum;
  sum.process_bytes(values.data(), values.size() * sizeof(T));
  return sum.checksum();
}

std::uint32_t crc(const std::vector<ParameterTensor>& parameters) {
  boost::crc_32_type sum;
  for (const ParameterTensor& tensor : parameters)
    sum.process_bytes(tensor.values.data(), tensor.values.size() * sizeof(float));
  return sum.checksum();
}

// zlib.crc32 of the arrays that numpy_problem.py makes with NumPy 2.4.
struct Checksums {
  const char* workload;
  std::uint32_t x, lengths, loss_lengths, labels, parameters;
};

TEST(Problem, BuiltInWorkloadsHaveNumpysChecksums) {
  for (const Checksums& expected :
       {Checksums{"1x320/CE-short", 0x90ea0745, 0x89b09832, 0x89b09832, 0xa9979359, 0xee29c48a},
        Checksums{"1x320/CE-long", 0x9a9d03f4, 0xb75afaed, 0xb75afaed, 0x5a62c20b, 0xee29c48a},
        Checksums{"4x320/CE-long", 0x9a9d03f4, 0xb75afaed, 0xb75afaed, 0x5a62c20b, 0x52bfe530},
        Checksums{"4x320/CTC-long", 0x9a9d03f4, 0xd2256a04, 0xd2256a04, 0xe3bd1a2a, 0x3a5c9852},
        Checksums{"4x320/CTC-padded", 0x9a9d03f4, 0xb75afaed, 0xd2256a04, 0xe3bd1a2a, 0x3a5c9852}}) {
    SCOPED_TRACE(expected.workload);
    const Problem problem = make_problem(*builtin_workload(expected.workload));
    EXPECT_EQ(crc(problem.x), expected.x);
    EXPECT_EQ(crc(problem.lengths), expected.lengths);
    EXPECT_EQ(crc(problem.loss_lengths), expected.loss_lengths);
    EXPECT_EQ(crc(problem.labels), expected.labels);
    EXPECT_EQ(crc(problem.parameters), expected.parameters);
  }
}

TEST(Problem, FirstValues) {
  const Problem problem = make_problem(*builtin_workload("1x320/CE-short"));
  EXPECT_EQ(problem.x[0], -0.6394606232643127f);
  EXPECT_EQ(problem.x[3], 0.449867844581604f);
  EXPECT_EQ(std::vector(problem.labels.begin(), problem.labels.begin() + 8),
            (std::vector<std::int32_t>{3, 0, 4, 2, 6, 5, 0, 8}));
  EXPECT_EQ(problem.parameters[0].name, "layer0.forward.W");
  EXPECT_EQ(problem.parameters[0].values[0], -0.038665771484375f);
}

// The same choice as the harness's own: the environment that setup made, else what python3 offers.
std::vector<std::string> python_interpreters() {
  std::vector<std::string> candidates;
  if (const char* chosen = std::getenv("LSTMBENCH_PYTHON")) candidates.emplace_back(chosen);
  const char* data_home = std::getenv("XDG_DATA_HOME");
  const char* home = std::getenv("HOME");
  const std::string data =
      data_home && *data_home ? data_home : std::string(home ? home : "") + "/.local/share";
  candidates.push_back(data + "/lstmbench/environments/torch/bin/python");
  candidates.emplace_back("python3");
  return candidates;
}

// 0 where the files are NumPy's, 1 where not, 77 where no interpreter has NumPy.
int compare_with_numpy(const std::filesystem::path& directory, const Workload& workload) {
  const nlohmann::json fields = {{"layers", workload.layers},
                                 {"units", workload.units},
                                 {"directions", workload.directions},
                                 {"classes", workload.classes},
                                 {"loss", workload.loss == Loss::ctc ? "ctc" : "cross-entropy"},
                                 {"samples", workload.samples},
                                 {"time_steps", workload.time_steps},
                                 {"channels", workload.channels},
                                 {"labels", workload.labels},
                                 {"min_length", workload.min_length},
                                 {"pads", workload.pads},
                                 {"seed", workload.seed}};
  for (const std::string& python : python_interpreters()) {
    const std::string command = "command -v '" + python + "' >/dev/null && '" + python +
                                "' '" LSTMBENCH_SOURCE_DIR "/tests/bench/workload/numpy_problem.py' '" +
                                directory.string() + "' '" + fields.dump() + "'";
    const int status = std::system(command.c_str());
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    if (code != 77 && code != 127) return code;
  }
  return 77;
}

Workload small(Loss loss, int samples, int layers, int directions, std::uint32_t seed) {
  Workload workload;
  workload.name = "small";
  workload.layers = layers;
  workload.units = 6;
  workload.directions = directions;
  workload.classes = 5;
  workload.loss = loss;
  workload.samples = samples;
  workload.time_steps = 17;
  workload.channels = 3;
  workload.labels = loss == Loss::ctc ? 4 : 1;
  workload.min_length = 5;
  workload.seed = seed;
  return workload;
}

TEST(Problem, FilesAreWhatNumpyOnThisMachineMakes) {
  std::vector<Workload> workloads(builtin_workloads().begin(), builtin_workloads().end());
  workloads.push_back(small(Loss::ctc, 7, 3, 2, 0));
  workloads.push_back(small(Loss::ctc, 1, 1, 1, 4294967294));
  workloads.push_back(small(Loss::cross_entropy, 11, 2, 1, 5));
  workloads.back().classes = 2;  // a range of one class draws nothing
  for (const Workload& workload : workloads) {
    SCOPED_TRACE(workload.name);
    const TemporaryDirectory directory;
    write_problem(make_problem(workload), workload, directory.path());
    const int code = compare_with_numpy(directory.path(), workload);
    if (code == 77)
      GTEST_SKIP() << "skipped: no NumPy (in none of " << python_interpreters().size() << " Pythons)";
    EXPECT_EQ(code, 0) << "see the differences above";
  }
}

TEST(Problem, TwoClassesOfCtcLeaveOneLabel) {
  Workload workload = small(Loss::ctc, 3, 1, 1, 1);
  workload.classes = 2;
  for (const std::int32_t label : make_problem(workload).labels) EXPECT_EQ(label, 1);
}

TEST(Problem, AFolderThatCannotBeWrittenIsNamed) {
  const Workload workload = small(Loss::cross_entropy, 2, 1, 1, 1);
  try {
    write_problem(make_problem(workload), workload, "/no/such/folder");
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("/no/such/folder/x.npy"), std::string::npos) << error.what();
  }
}

TEST(CheckSlice, IsSmallAndOfTheSameKind) {
  for (const Workload& workload : builtin_workloads()) {
    SCOPED_TRACE(workload.name);
    const Workload slice = check_slice(workload);
    EXPECT_NO_THROW(validate(slice));
    EXPECT_LE(slice.samples, 4);
    EXPECT_LE(slice.time_steps, 32);
    EXPECT_GE(slice.time_steps, 8);
    EXPECT_LE(slice.flops(), 4e9);
    EXPECT_EQ(slice.parameters(), workload.parameters());
    EXPECT_EQ(slice.has_equal_lengths(), workload.has_equal_lengths());
    EXPECT_EQ(slice.min_length < slice.time_steps, workload.min_length < workload.time_steps);
    EXPECT_LE(2 * slice.labels - 1, slice.min_length) << "labels may not fit";
  }
}

TEST(CheckSlice, DoesNotGrowWhatIsSmall) {
  const Workload workload = small(Loss::ctc, 2, 1, 2, 3);
  const Workload slice = check_slice(workload);
  EXPECT_EQ(slice.samples, 2);
  EXPECT_EQ(slice.time_steps, 17);
  EXPECT_EQ(slice.min_length, 5);
  EXPECT_EQ(slice.labels, 3);  // 4 might not fit 5 steps
}

TEST(CheckSlice, HugeNetworksGetFewSteps) {
  Workload workload = *builtin_workload("4x320/CE-long");
  workload.units = 100'000'000;
  const Workload slice = check_slice(workload);
  EXPECT_EQ(slice.time_steps, 8);
}

}  // namespace
}  // namespace lstmbench
