#include "workload/toml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "temporary_directory.h"

namespace lstmbench {
namespace {

using testing::HasSubstr;

constexpr const char* whole_workload = R"([[workload]]
name = "mine"
layers = 2
units = 64
directions = 2
classes = 30
loss = "ctc"
samples = 8
time_steps = 200
channels = 40
labels = 20
min_length = 100
pads = true
seed = 5
)";

std::string message_of(std::string_view text) {
  try {
    parse_configuration(text, "my.toml");
    return "it was accepted";
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

// whole_workload with a line replaced by another.
std::string with(const std::string& line, const std::string& other) {
  std::string text = whole_workload;
  const auto at = text.find(line + "\n");
  EXPECT_NE(at, std::string::npos) << line;
  return text.replace(at, line.size(), other);
}

TEST(Configuration, EveryFieldArrives) {
  const Configuration configuration = parse_configuration(std::string(whole_workload) + R"(
[[variant]]
implementation = "pytorch/LSTM"
name = "tuned"
environment = { MALLOC_MMAP_MAX_ = "0", EMPTY = "" }

[[worker]]
name = "mine"
command = ["python3", "my worker.py"]
environment = { OMP_WAIT_POLICY = "active" }
)",
                                                          "my.toml");
  ASSERT_EQ(configuration.workloads.size(), 1u);
  const Workload& w = configuration.workloads[0];
  EXPECT_EQ(w.name, "mine");
  EXPECT_EQ(w.source, "my.toml");
  EXPECT_EQ(std::make_tuple(w.layers, w.units, w.directions, w.classes, w.samples, w.time_steps, w.channels,
                            w.labels, w.min_length, w.pads, w.seed),
            std::make_tuple(2, 64, 2, 30, 8, 200, 40, 20, 100, true, 5u));
  EXPECT_EQ(w.loss, Loss::ctc);
  ASSERT_EQ(configuration.variants.size(), 1u);
  EXPECT_EQ(configuration.variants[0].implementation, "pytorch/LSTM");
  EXPECT_EQ(configuration.variants[0].name, "tuned");
  EXPECT_EQ(configuration.variants[0].environment,
            (std::map<std::string, std::string>{{"MALLOC_MMAP_MAX_", "0"}, {"EMPTY", ""}}));
  ASSERT_EQ(configuration.workers.size(), 1u);
  EXPECT_EQ(configuration.workers[0].command, (std::vector<std::string>{"python3", "my worker.py"}));
  EXPECT_EQ(configuration.workers[0].environment.at("OMP_WAIT_POLICY"), "active");
}

TEST(Configuration, WhatIsLeftOutHasDefaults) {
  const Configuration configuration = parse_configuration(
      "[[workload]]\nname='a'\nunits=1\nclasses=2\nsamples=3\ntime_steps=4\nchannels=5\n", "my.toml");
  const Workload& w = configuration.workloads.at(0);
  EXPECT_EQ(std::make_tuple(w.layers, w.directions, w.labels, w.min_length, w.pads, w.seed),
            std::make_tuple(1, 1, 1, 4, false, 11u));
  EXPECT_EQ(w.loss, Loss::cross_entropy);
  EXPECT_TRUE(parse_configuration("", "empty.toml").workloads.empty());
}

TEST(Configuration, ErrorsSayWhereAndWhat) {
  const std::pair<std::string, const char*> faults[] = {
      {with("units = 64", "unit = 64"),
       "my.toml:4:1: unknown key 'unit' in [[workload]]; did you mean 'units'?"},
      {with("units = 64", ""), "my.toml:1:1: 'units' is missing in [[workload]]"},
      {with("units = 64", "units = \"64\""),
       "my.toml:4:9: 'units' is the text \"64\", expected a whole number"},
      {with("units = 64", "units = 64.5"), "'units' is 64.5 (floating-point), expected a whole number"},
      {with("units = 64", "units = 0"), "units is 0, expected at least 1"},
      {with("units = 64", "units = -3"), "my.toml:4:9: 'units' is -3, expected 0 to"},
      {with("units = 64", "units = 9223372036854775807"), "expected 0 to 268435455"},
      {with("units = 64", "units = 92233720368547758070"), "my.toml:4:"},
      {with("units = 64", "units = [64]"), "'units' is an array"},
      {with("time_steps = 200", "time_steps = 0"), "time_steps is 0, expected at least 1"},
      {with("min_length = 100", "min_length = 201"), "min_length is 201, expected at most time_steps (200)"},
      {with("labels = 20", "labels = 101"), "labels is 101, but a sample of min_length (100)"},
      {with("samples = 8", "samples = 200000000"), "samples is 200000000, expected at most 1048576"},
      {with("samples = 8\ntime_steps = 200", "samples = 1048576\ntime_steps = 200000"),
       "expected at most 2^40"},
      {with("pads = true", "pads = 1"), "'pads' is 1 (integer), expected true or false"},
      {with("loss = \"ctc\"", "loss = \"mse\""), "'loss' is \"mse\", expected \"cross-entropy\" or \"ctc\""},
      {with("seed = 5", "seed = 4294967295"), "'seed' is 4294967295, expected 0 to 4294967294"},
      {with("name = \"mine\"", "name = \"4x320/CTC-long\""),
       "my.toml:2:8: workload '4x320/CTC-long' is built in"},
      {with("name = \"mine\"", "name = \"a b\""), "a name may hold letters"},
      {std::string(whole_workload) + whole_workload, "my.toml:16:8: this workload is defined twice"},
      {with("units = 64", "units = 64\nunits = 65"), "my.toml:5:"},
      {with("units = 64", "units = "), "my.toml:4:"},
      {"[workload]\nname = \"a\"\n", "my.toml:1:2: write [[workload]], not 'workload' as a table"},
      {"workloads = 3\n", "my.toml:1:1: unknown key 'workloads'; did you mean 'workload'?"},
      {"[[varaint]]\n", "unknown key 'varaint'; did you mean 'variant'?"},
      {"[[variant]]\nimplementation = 'a/b'\nname = 'c@d'\n",
       "my.toml:3:8: 'name' is \"c@d\", expected a name without"},
      {"[[variant]]\nimplementation = 'a/b'\nname = 'c'\nenvironment = { A = 1 }\n",
       "'A' is 1 (integer), expected a text"},
      {"[[variant]]\nimplementation = 'a/b'\nname = 'c'\nenvironment = 'A=1'\n", "expected a table such as"},
      {"[[variant]]\nimplementation = 'a/b'\nname = 'c'\nenvironment = { 'A=B' = '1' }\n",
       "my.toml:4:17: 'A=B' cannot name an environment variable"},
      {"[[worker]]\nname = 'a'\ncommand = 'python3 w.py'\n",
       "my.toml:3:11: 'command' is the text \"python3 w.py\", expected an array"},
      {"[[worker]]\nname = 'a'\ncommand = []\n", "expected an array of texts, not empty"},
      {"[[worker]]\nname = 'a'\ncommand = ['']\n", "expected a program"},
      {"[[worker]]\nname = 'a'\ncommand = ['x', 3]\n",
       "my.toml:3:17: 'command' is 3 (integer), expected texts only"},
      {"[[select]]\nworkload = ['*']\n", "my.toml:1:1: 'implementation' is missing in [[select]]"},
      {"[[select]]\nimplementation = ['a/b']\n", "my.toml:1:1: 'workload' is missing in [[select]]"},
      {"[[select]]\nworkload = '*'\nimplementation = ['a/b']\n",
       "my.toml:2:12: 'workload' is the text \"*\", expected an array"},
      {"[[select]]\nworkload = ['*']\nimplementation = ['a/b']\nversions = ['1']\n",
       "my.toml:4:1: unknown key 'versions' in [[select]]; did you mean 'version'?"},
      {"\xff\xfe", "my.toml:1:1: "},
  };
  for (const auto& [text, expected] : faults) {
    const std::string message = message_of(text);
    EXPECT_NE(message, "it was accepted") << text;
    EXPECT_THAT(message, HasSubstr(expected)) << text;
    EXPECT_THAT(message, HasSubstr("my.toml:")) << text;
  }
}

TEST(Configuration, SelectionsKeepTheirOrder) {
  const Configuration configuration = parse_configuration(R"([run]
versions = ["torch=1.0.0", "2.15.0"]
[[select]]
workload = ["1x320/*"]
implementation = ["pytorch/LSTM"]
[[select]]
workload = ["4x320/CTC-long"]
implementation = ["pytorch/*@tuned", "native/sequence"]
version = ["2.*"]
)",
                                                          "my.toml");
  EXPECT_EQ(configuration.run_defaults.at("versions").text, "torch=1.0.0,2.15.0");
  EXPECT_EQ(configuration.run_defaults.at("versions").place, "my.toml:2:12");
  ASSERT_EQ(configuration.selections.size(), 2u);
  EXPECT_EQ(configuration.selections[0].implementations, std::vector<std::string>{"pytorch/LSTM"});
  EXPECT_TRUE(configuration.selections[0].versions.empty());
  EXPECT_EQ(configuration.selections[1].workloads, std::vector<std::string>{"4x320/CTC-long"});
  EXPECT_EQ(configuration.selections[1].versions, std::vector<std::string>{"2.*"});
}

TEST(Configuration, AFileThatCannotBeReadIsNamed) {
  const TemporaryDirectory directory;
  const auto message = [](const std::filesystem::path& file) -> std::string {
    try {
      read_configuration(file);
      return "it was read";
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
  };
  EXPECT_THAT(message(directory / "none.toml"), HasSubstr("none.toml: cannot be read: No such file"));
  EXPECT_THAT(message(directory.path()), HasSubstr("is a folder"));
  std::ofstream(directory / "mine.toml") << whole_workload;
  EXPECT_EQ(read_configuration(directory / "mine.toml").workloads.size(), 1u);
}

TEST(Configuration, TheExamplesForUsersAreRead) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(LSTMBENCH_SOURCE_DIR "/workloads")) {
    if (entry.path().extension() != ".toml") continue;
    ++files;
    const Configuration configuration = read_configuration(entry.path());
    EXPECT_GT(configuration.workloads.size() + configuration.variants.size() + configuration.workers.size() +
                  configuration.selections.size(),
              0u);
  }
  EXPECT_GT(files, 0);
}

// Found by fuzzing: toml++ asserts.
TEST(Toml, ControlCharactersInAKeyAreRefused) {
  EXPECT_THROW(parse_configuration(std::string_view("[\x01\0\0d]]\n", 8), "f.toml"), std::invalid_argument);
}

}  // namespace
}  // namespace lstmbench
