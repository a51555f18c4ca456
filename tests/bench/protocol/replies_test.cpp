#include "protocol/replies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace lstmbench {
namespace {

using testing::HasSubstr;

constexpr const char* proper_hello =
    R"({"id": 1, "later": true, "result": {"protocol": 1, "library": "native", "version": "0.1.0",
     "build": {"isa": "avx512"}, "implementations": [{"name": "native/basic", "description": "plain",
     "dtypes": ["fp32"], "devices": ["cpu"], "colour": "blue"}]}})";

std::string hello_with(const std::string& part, const std::string& other) {
  std::string line = proper_hello;
  const auto at = line.find(part);
  EXPECT_NE(at, std::string::npos) << part;
  return line.replace(at, part.size(), other);
}

// What decoding says about a line that is not the protocol.
template <typename Decode>
std::string fault(const Decode& decode) {
  try {
    decode();
    return "accepted";
  } catch (const WorkerFailure& failure) {
    EXPECT_EQ(failure.status, Status::failed);
    EXPECT_FALSE(failure.is_session_usable);
    return failure.what();
  }
}

TEST(Replies, HelloArrivesAndUnknownKeysAreIgnored) {
  const Hello hello = decode_hello(proper_hello, 1);
  EXPECT_EQ(hello.library, "native");
  EXPECT_EQ(hello.version, "0.1.0");
  EXPECT_EQ(hello.build, (std::map<std::string, std::string>{{"isa", "avx512"}}));
  ASSERT_EQ(hello.implementations.size(), 1u);
  EXPECT_EQ(hello.implementations[0].name, "native/basic");
  EXPECT_EQ(hello.implementations[0].description, "plain");
  EXPECT_EQ(hello.implementations[0].dtypes, std::vector<std::string>{"fp32"});
  EXPECT_EQ(hello.implementations[0].devices, std::vector<std::string>{"cpu"});
}

TEST(Replies, HelloIsReadStrictly) {
  const std::pair<std::string, const char*> faults[] = {
      {hello_with("\"protocol\": 1", "\"protocol\": 2"), "'protocol' is not 1"},
      {hello_with("\"protocol\": 1, ", ""), "'protocol' is missing"},
      {hello_with("\"native\"", "7"), "'library' is not a text"},
      {hello_with("\"native\"", "\"\""), "'library' is not a name"},
      {hello_with("\"0.1.0\"", "\"0\\u001b\""), "'version' is not a name"},
      {hello_with("\"avx512\"", "512"), "'build' holds something that is not a text"},
      {hello_with("{\"isa\": \"avx512\"}", "[]"), "'build' is not an object"},
      {hello_with("\"native/basic\"", "\"basic\""), "not library/variant"},
      {hello_with("\"native/basic\"", "\"native/a@b\""), "not library/variant"},
      {hello_with("[\"fp32\"]", "[]"), "no 'dtypes' or no 'devices'"},
      {hello_with("[\"fp32\"]", "[32]"), "'dtypes' holds something that is not a text"},
      {hello_with("[\"cpu\"]", "\"cpu\""), "'devices' is not an array"},
      {hello_with("\"implementations\": [", "\"implementations\": [3, "), "not an object"},
      {hello_with(
           "\"implementations\": [",
           "\"implementations\": [{\"name\": \"native/basic\", \"dtypes\": [\"a\"], \"devices\": [\"b\"]}, "),
       "two implementations have the same 'name'"},
  };
  for (const auto& [line, expected] : faults)
    EXPECT_THAT(fault([&, &text = line] { decode_hello(text, 1); }), HasSubstr(expected));
}

TEST(Replies, PreparedHasOptionalFields) {
  EXPECT_EQ(decode_prepared(R"({"id": 2, "result": {"workspace_bytes": 7, "description": "d"}})", 2)
                .workspace_bytes,
            7);
  const Prepared unknown =
      decode_prepared(R"({"id": 2, "result": {"workspace_bytes": null, "description": null}})", 2);
  EXPECT_FALSE(unknown.workspace_bytes);
  EXPECT_EQ(unknown.description, "");
  EXPECT_FALSE(decode_prepared(R"({"id": 2, "result": {}})", 2).workspace_bytes);
  EXPECT_THAT(fault([] { decode_prepared(R"({"id": 2, "result": {"workspace_bytes": -1}})", 2); }),
              HasSubstr("negative"));
}

TEST(Replies, LossesMayBeNumbersOrTheThreeWords) {
  EXPECT_EQ(decode_checked(R"({"id": 3, "result": {"loss": 2}})", 3), 2.0);
  EXPECT_EQ(decode_checked(R"({"id": 3, "result": {"loss": -2.5e-3}})", 3), -2.5e-3);
  EXPECT_TRUE(std::isnan(decode_checked(R"({"id": 3, "result": {"loss": "NaN"}})", 3)));
  EXPECT_EQ(decode_checked(R"({"id": 3, "result": {"loss": "Infinity"}})", 3), INFINITY);
  EXPECT_EQ(decode_checked(R"({"id": 3, "result": {"loss": "-Infinity"}})", 3), -INFINITY);
  for (const char* loss : {"\"nan\"", "null", "true", "[1]", "{}", "\"2.5\""})
    EXPECT_THAT(
        fault([&] { decode_checked(std::string("{\"id\": 3, \"result\": {\"loss\": ") + loss + "}}", 3); }),
        HasSubstr("'loss' is neither"))
        << loss;
}

TEST(Replies, StepsArrive) {
  const auto steps = decode_steps(
      R"({"id": 4, "result": {"steps": [{"input_ns": 1, "forward_ns": 2, "loss_ns": 3, "backward_ns": 4, "update_ns": 5, "loss": 6.5}]}})",
      4, 1);
  ASSERT_EQ(steps.size(), 1u);
  EXPECT_EQ(steps[0].headline_ns(), 9);
  EXPECT_EQ(steps[0].total_ns(), 15);
  EXPECT_EQ(steps[0].loss, 6.5);
  EXPECT_FALSE(steps[0].device_ns);
  EXPECT_TRUE(decode_steps(R"({"id": 4, "result": {"steps": []}})", 4, 0).empty());
}

TEST(Replies, AnImplementationMayHaveNotesOnDtypes) {
  const std::string dtypes = R"("dtypes": ["fp32"])";
  const Hello hello =
      decode_hello(hello_with(dtypes, dtypes + R"(, "notes": {"fp32": "slow\u001b here"})"), 1);
  EXPECT_EQ(hello.implementations[0].notes.size(), 1u);
  EXPECT_THAT(hello.implementations[0].notes.at("fp32"), AllOf(HasSubstr("slow"), Not(HasSubstr("\x1b"))));
  EXPECT_THAT(fault([&] { decode_hello(hello_with(dtypes, dtypes + R"(, "notes": ["slow"])"), 1); }),
              HasSubstr("'notes'"));
  EXPECT_THAT(fault([&] { decode_hello(hello_with(dtypes, dtypes + R"(, "notes": {"fp32": 1})"), 1); }),
              HasSubstr("'notes'"));
}

TEST(Replies, ADeviceMaySayMore) {
  const auto steps = decode_steps(
      R"({"id": 4, "result": {"steps": [{"input_ns": 1, "forward_ns": 2, "loss_ns": 3, "backward_ns": 4, "update_ns": 5, "loss": 6.5, "device_ns": 8}]}})",
      4, 1);
  EXPECT_EQ(steps.at(0).device_ns, 8);
  EXPECT_THAT(
      fault([] {
        decode_steps(
            R"({"id": 4, "result": {"steps": [{"input_ns": 1, "forward_ns": 2, "loss_ns": 3, "backward_ns": 4, "update_ns": 5, "loss": 6.5, "device_ns": -8}]}})",
            4, 1);
      }),
      HasSubstr("'device_ns'"));
  EXPECT_EQ(decode_memory(R"({"id": 5, "result": {"device_state": "1980 MHz, 412 W"}})", 5).device_state,
            "1980 MHz, 412 W");
  const PeakRates peak =
      decode_peak(R"({"id": 5, "result": {"tf32_gflops": 400000, "fp16_gflops": 800000.5}})", 5);
  EXPECT_EQ(peak.tf32_gflops, 400000);
  EXPECT_EQ(peak.fp16_gflops, 800000.5);
  const Hello hello = decode_hello(
      R"({"id": 1, "result": {"protocol": 1, "library": "cuda", "version": "1", "implementations": [
          {"name": "cuda/fused", "dtypes": ["fp32"], "devices": ["cuda"], "unavailable": "no CUDA device"}]}})",
      1);
  EXPECT_EQ(hello.implementations.at(0).unavailable, "no CUDA device");
}

TEST(Replies, MemoryAndPeakMayBeUnknownButNotNonsense) {
  const MemoryUse memory =
      decode_memory(R"({"id": 5, "result": {"peak_rss_bytes": 123, "device_peak_bytes": null}})", 5);
  EXPECT_EQ(memory.peak_rss_bytes, 123);
  EXPECT_FALSE(memory.device_peak_bytes);
  const PeakRates peak =
      decode_peak(R"({"id": 5, "result": {"fp32_gflops": 470.1, "bf16_gflops": null}})", 5);
  EXPECT_EQ(peak.fp32_gflops, 470.1);
  EXPECT_FALSE(peak.bf16_gflops);
  EXPECT_FALSE(peak.l2_gbytes);
  EXPECT_THAT(fault([] { decode_peak(R"({"id": 5, "result": {"fp32_gflops": -1}})", 5); }),
              HasSubstr("'fp32_gflops'"));
  EXPECT_THAT(fault([] { decode_memory(R"({"id": 5, "result": {"peak_rss_bytes": "1"}})", 5); }),
              HasSubstr("'peak_rss_bytes'"));
}

TEST(Replies, MalformedErrorsAreNotTheProtocol) {
  for (const char* line :
       {R"({"id": 7, "error": "no"})", R"({"id": 7, "error": {"kind": "failed"}})",
        R"({"id": 7, "error": {"message": "m"}})", R"({"id": 7, "error": {"kind": 3, "message": "m"}})",
        R"({"id": 7, "error": null})"})
    EXPECT_THAT(fault([&] { decode_quit(line, 7); }), HasSubstr("not the protocol")) << line;
}

TEST(Replies, ALineBeyondOneMebibyteIsRefused) {
  const std::string padding(1 << 20, ' ');
  EXPECT_THAT(fault([&] { decode_quit(R"({"id": 7, "result": {}})" + padding, 7); }),
              HasSubstr("longer than 1 MiB"));
}

// Whatever bytes come, the outcome is a value or a WorkerFailure.
TEST(Replies, RandomDamageThrowsNothingElse) {
  const unsigned seed = std::random_device{}();
  RecordProperty("seed", static_cast<int>(seed));
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::string pieces = "{}[]\",:0123456789-+.eE\\u\xff\xc3 \n\tnulltruefalse";
  for (int i = 0; i < 20000; ++i) {
    std::string line = proper_hello;
    for (unsigned changes = random() % 4 + 1; changes > 0; --changes) {
      const std::size_t at = random() % line.size();
      if (random() % 2)
        line[at] = pieces[random() % pieces.size()];
      else
        line.erase(at, random() % 8);
      if (line.empty()) line = "{";
    }
    try {
      decode_hello(line, 1);
    } catch (const WorkerFailure&) {
    }
    try {
      decode_steps(line, 1, 3);
      ADD_FAILURE() << line;
    } catch (const WorkerFailure&) {
    }
  }
}

}  // namespace
}  // namespace lstmbench
