#include "session.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <numeric>

#include "description.h"
#include "lstm/cpu.h"
#include "lstm/peak.h"
#include "protocol/npy.h"
#include "protocol/serve.h"

namespace lstm_worker {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr int kProtocol = 1;
constexpr std::string_view kLibrary = "native/";

lstm::DType dtype_of(const std::string& name) {
  using lstm::DType;
  for (const auto dtype : {DType::fp32, DType::bf16, DType::bf16x3, DType::fp64, DType::tf32, DType::fp16}) {
    if (name == lstm::name(dtype)) return dtype;
  }
  throw protocol::bad_request(
      fmt::format("\"dtype\": got \"{}\", expected fp32, bf16, bf16x3, fp64, tf32 or fp16", name));
}

std::string implementation_of(const lstm::EngineKind& kind) {
  return std::string(kLibrary) + std::string(kind.name);
}

// The engine behind an implementation's name, which must be one that hello() lists.
std::string engine_of(const std::string& implementation) {
  std::string known;
  for (const lstm::EngineKind& kind : lstm::engine_kinds()) {
    if (implementation == implementation_of(kind)) return std::string(kind.name);
    known += (known.empty() ? "" : ", ") + implementation_of(kind);
  }
  throw protocol::bad_request(
      fmt::format("\"implementation\": got \"{}\", expected one of {}", implementation, known));
}

lstm::Network network_of(const protocol::Network& network) {
  return {.inputs = static_cast<int>(network.inputs),
          .units = static_cast<int>(network.units),
          .layers = static_cast<int>(network.layers),
          .directions = static_cast<int>(network.directions),
          .classes = static_cast<int>(network.classes),
          .loss = network.is_ctc ? lstm::Loss::ctc : lstm::Loss::cross_entropy};
}

lstm::BatchShape shape_of(const protocol::Problem& problem) {
  const auto& lengths = problem.label_lengths;
  return {.samples = static_cast<int>(problem.samples),
          .time_steps = static_cast<int>(problem.time_steps),
          .max_labels = lengths.empty() ? 1 : *std::max_element(lengths.begin(), lengths.end()),
          .total_steps = std::accumulate(problem.lengths.begin(), problem.lengths.end(), 0)};
}

template <class Real>
void write_gradients(const std::filesystem::path& directory, const protocol::Problem& problem,
                     const lstm::ParameterLayout& layout, std::span<const Real> gradients) {
  for (const lstm::ParameterTensor& tensor : layout.tensors()) {
    protocol::write_npy<Real>(directory / (tensor.name + ".npy"), problem.parameter(tensor.name).shape,
                              gradients.subspan(tensor.offset, tensor.size()));
  }
}

std::int64_t nanoseconds(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(to - from).count();
}

// One training step, each phase timed.
json timed_step(lstm::Engine& engine, const lstm::Batch& batch) {
  const auto start = Clock::now();
  engine.load(batch);
  const auto loaded = Clock::now();
  engine.forward();
  const auto forwarded = Clock::now();
  const double loss = engine.loss();
  const auto evaluated = Clock::now();
  engine.backward();
  const auto differentiated = Clock::now();
  engine.update();
  const auto updated = Clock::now();
  return {{"input_ns", nanoseconds(start, loaded)},
          {"forward_ns", nanoseconds(loaded, forwarded)},
          {"loss_ns", nanoseconds(forwarded, evaluated)},
          {"backward_ns", nanoseconds(evaluated, differentiated)},
          {"update_ns", nanoseconds(differentiated, updated)},
          {"loss", protocol::number(loss)}};
}

}  // namespace

json hello(const json& request) {
  if (request.at("protocol") != kProtocol) {
    throw protocol::bad_request(
        fmt::format("\"protocol\": got {}, expected {}", request["protocol"].dump(), kProtocol));
  }
  json implementations = json::array();
  for (const lstm::EngineKind& kind : lstm::engine_kinds()) {
    json dtypes = json::array();
    for (const lstm::DType dtype : kind.dtypes) dtypes.push_back(lstm::name(dtype));
    implementations.push_back({{"name", implementation_of(kind)},
                               {"description", kind.description},
                               {"dtypes", dtypes},
                               {"devices", {"cpu"}}});
  }
  const lstm::Isa isa = lstm::EngineOptions::from_environment().isa.value_or(lstm::detected_isa());
  return {{"protocol", kProtocol},
          {"library", "native"},
          {"version", LSTMBENCH_VERSION},
          {"build", {{"compiler", compiler()}, {"isa", lstm::name(isa)}, {"cpu", cpu_model()}}},
          {"implementations", implementations}};
}

json memory(const json&) {
  return {{"peak_rss_bytes", peak_rss_bytes()}, {"device_peak_bytes", nullptr}};
}

json peak(const json& request) {
  const int threads = request.at("threads");
  const double seconds = request.value("seconds", 0.5);
  if (threads < 1 || !(seconds > 0)) {
    throw protocol::bad_request(
        fmt::format("got {} threads for {} seconds, expected at least 1 thread and more than 0 seconds",
                    threads, seconds));
  }
  json result = {{"l2_gbytes", nullptr}, {"memory_gbytes", nullptr}};
  if (request.value("quick", false)) {
    result["fp32_gflops"] = lstm::measure_dtype_peak(lstm::DType::fp32, threads, seconds) / 1e9;
    if (lstm::is_available(lstm::Isa::avx512bf16)) {
      result["bf16_gflops"] = lstm::measure_dtype_peak(lstm::DType::bf16, threads, seconds) / 1e9;
    } else {
      result["bf16_gflops"] = nullptr;
    }
    return result;
  }
  const lstm::Peak peak = lstm::measure_peak(threads, seconds);
  const std::optional<double> bf16 = peak.amx_bf16_flops ? peak.amx_bf16_flops : peak.bf16_dot_flops;
  result["fp32_gflops"] = peak.fp32_flops / 1e9;
  result["bf16_gflops"] = bf16 ? json(*bf16 / 1e9) : json();
  result["l2_gbytes"] = peak.l2_bytes_per_second / 1e9;
  result["memory_gbytes"] = peak.memory_bytes_per_second / 1e9;
  return result;
}

json Session::prepare(const json& request) {
  engine_.reset();  // before the next one takes its memory
  const std::string engine = engine_of(request.at("implementation"));
  problem_ = protocol::read_problem(request);
  if (problem_.device != "cpu") {
    throw protocol::unsupported(fmt::format("device: got \"{}\", expected cpu", problem_.device));
  }
  const lstm::Network network = network_of(problem_.network);
  const lstm::BatchShape shape = shape_of(problem_);
  try {
    lstm::validate(network);
    lstm::validate(shape);
    lstm::validate(batch(), network, shape);
  } catch (const std::invalid_argument& error) {
    throw protocol::bad_request(error.what());
  }
  lstm::EngineOptions options = lstm::EngineOptions::from_environment();
  options.dtype = dtype_of(problem_.dtype);
  options.threads = problem_.threads;
  const lstm::AdamOptions adam{problem_.adam.learning_rate, problem_.adam.beta1, problem_.adam.beta2,
                               problem_.adam.epsilon};
  try {
    engine_ = lstm::make_engine(engine, network, shape, options, adam);
  } catch (const std::invalid_argument& error) {
    throw protocol::unsupported(error.what());
  }
  copy_parameters();
  return {{"workspace_bytes", engine_->workspace_bytes()}, {"description", engine_->description()}};
}

lstm::Engine& Session::engine() {
  if (engine_ == nullptr) throw protocol::bad_request("nothing is prepared: send \"prepare\" first");
  return *engine_;
}

lstm::Batch Session::batch() const {
  return {static_cast<int>(problem_.samples),
          static_cast<int>(problem_.time_steps),
          problem_.x,
          problem_.lengths,
          problem_.loss_lengths,
          problem_.labels,
          problem_.label_lengths};
}

void Session::copy_parameters() {
  for (const lstm::ParameterTensor& tensor : engine_->layout().tensors()) {
    const auto& values = problem_.parameter(tensor.name).values;
    std::copy(values.begin(), values.end(), engine_->parameters().subspan(tensor.offset).begin());
  }
}

json Session::check(const json& request) {
  const std::filesystem::path directory = request.at("directory").get<std::string>();
  const std::span<float> parameters = engine().parameters();
  const std::vector<float> current(parameters.begin(), parameters.end());
  copy_parameters();
  engine_->load(batch());
  engine_->forward();
  const double loss = engine_->loss();
  engine_->backward();
  std::copy(current.begin(), current.end(), parameters.begin());
  if (const auto gradients = engine_->gradients_fp64(); !gradients.empty()) {
    write_gradients(directory, problem_, engine_->layout(), gradients);
  } else {
    write_gradients(directory, problem_, engine_->layout(), engine_->gradients());
  }
  return {{"loss", protocol::number(loss)}};
}

json Session::run(const json& request) {
  const auto steps = request.at("steps").get<std::int64_t>();
  if (steps < 1) throw protocol::bad_request(fmt::format("\"steps\": got {}, expected at least 1", steps));
  json timed = json::array();
  for (std::int64_t step = 0; step < steps; ++step) timed.push_back(timed_step(engine(), batch()));
  return {{"steps", timed}};
}

}  // namespace lstm_worker
