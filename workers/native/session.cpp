#include "session.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <limits>
#include <numeric>

#include "description.h"
#include "lstm/cpu.h"
#include "lstm/cuda.h"
#include "lstm/peak.h"
#include "protocol/build_id.h"
#include "protocol/npy.h"
#include "protocol/peak_memory.h"
#include "protocol/serve.h"

namespace lstm_worker {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr int kProtocol = 1;
std::string_view device_name(lstm::Device device) {
  return device == lstm::Device::cuda ? "cuda" : "cpu";
}

lstm::DType dtype_of(const std::string& name) {
  using lstm::DType;
  for (const auto dtype : {DType::fp32, DType::bf16, DType::bf16x3, DType::fp64, DType::tf32, DType::fp16}) {
    if (name == lstm::name(dtype)) return dtype;
  }
  throw protocol::bad_request(
      fmt::format("\"dtype\": got \"{}\", expected fp32, bf16, bf16x3, fp64, tf32 or fp16", name));
}

std::vector<lstm::EngineKind> kinds_of(const Library& library) {
  std::vector<lstm::EngineKind> kinds;
  for (const lstm::EngineKind& kind : lstm::engine_kinds(library.device)) {
    const bool is_own =
        library.device == lstm::Device::cpu || kind.name.starts_with(std::string(library.name) + "/");
    if (is_own) kinds.push_back(kind);
  }
  return kinds;
}

std::string implementation_of(const Library& library, const lstm::EngineKind& kind) {
  return std::string(library.prefix) + std::string(kind.name);
}

// The engine behind an implementation's name, which must be one that hello() lists.
std::string engine_of(const Library& library, const std::string& implementation) {
  std::string known;
  for (const lstm::EngineKind& kind : kinds_of(library)) {
    if (implementation == implementation_of(library, kind)) return std::string(kind.name);
    known += (known.empty() ? "" : ", ") + implementation_of(library, kind);
  }
  throw protocol::bad_request(
      fmt::format("\"implementation\": got \"{}\", expected one of {}", implementation, known));
}

// What the protocol has in 64 bits and the library in an int.
int size_of(const char* name, std::int64_t size) {
  if (size <= std::numeric_limits<int>::max()) return static_cast<int>(size);
  throw protocol::unsupported(
      fmt::format("{}: got {}, expected at most {}", name, size, std::numeric_limits<int>::max()));
}

lstm::Network network_of(const protocol::Network& network) {
  return {.inputs = size_of("inputs", network.inputs),
          .units = size_of("units", network.units),
          .layers = size_of("layers", network.layers),
          .directions = size_of("directions", network.directions),
          .classes = size_of("classes", network.classes),
          .loss = network.is_ctc ? lstm::Loss::ctc : lstm::Loss::cross_entropy};
}

lstm::BatchShape shape_of(const protocol::Problem& problem) {
  const auto& lengths = problem.label_lengths;
  const std::int64_t steps = std::accumulate(problem.lengths.begin(), problem.lengths.end(), std::int64_t{0});
  return {.samples = size_of("samples", problem.samples),
          .time_steps = size_of("time_steps", problem.time_steps),
          .max_labels = lengths.empty() ? 1 : *std::max_element(lengths.begin(), lengths.end()),
          .total_steps = size_of("the sum of lengths", steps)};
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

// One training step, each phase timed. A device is waited for behind the input, behind forward + loss +
// backward (by the host's clock) and behind the update: nobody who trains waits in between. Forward and loss
// are its own times, backward is the rest.
json timed_step(lstm::Engine& engine, const lstm::Batch& batch) {
  const auto now = [&] {
    engine.synchronise();
    return Clock::now();
  };
  const auto start = Clock::now();
  engine.load(batch);
  const auto loaded = now();
  engine.forward();
  const auto forwarded = Clock::now();
  engine.start_loss();
  const auto evaluated = Clock::now();
  engine.backward();
  const double loss = engine.loss();
  const auto differentiated = now();
  engine.update();
  const auto updated = now();
  const std::optional<lstm::DeviceTimes> device = engine.device_times();
  const std::int64_t forward_ns = device ? device->forward_ns : nanoseconds(loaded, forwarded);
  const std::int64_t loss_ns = device ? device->loss_ns : nanoseconds(forwarded, evaluated);
  json step = {{"input_ns", nanoseconds(start, loaded)},
               {"forward_ns", forward_ns},
               {"loss_ns", loss_ns},
               {"backward_ns", nanoseconds(loaded, differentiated) - forward_ns - loss_ns},
               {"update_ns", nanoseconds(differentiated, updated)},
               {"loss", protocol::number(loss)}};
  if (device) step["device_ns"] = device->total_ns();
  return step;
}

// What the GPU does right behind the steps; empty where nobody tells.
std::string device_state() {
  const lstm::cuda::DeviceState state = lstm::cuda::device_state();
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (state.sm_clock_mhz) add(fmt::format("{} MHz", *state.sm_clock_mhz));
  if (state.memory_clock_mhz) add(fmt::format("memory {} MHz", *state.memory_clock_mhz));
  if (state.power_watts) add(fmt::format("{:.0f} W", *state.power_watts));
  if (state.temperature_celsius) add(fmt::format("{} °C", *state.temperature_celsius));
  for (const std::string& reason : state.throttle_reasons) add("held back: " + reason);
  return text;
}

json gflops(std::optional<double> flops) {
  return flops ? json(*flops / 1e9) : json();
}

}  // namespace

json hello(const Library& library, const json& request) {
  if (request.at("protocol") != kProtocol) {
    throw protocol::bad_request(
        fmt::format("\"protocol\": got {}, expected {}", request["protocol"].dump(), kProtocol));
  }
  const lstm::Isa isa = lstm::EngineOptions::from_environment().isa.value_or(lstm::detected_isa());
  const std::string unavailable =
      library.device == lstm::Device::cuda ? lstm::cuda::unavailable_reason() : std::string();
  json implementations = json::array();
  for (const lstm::EngineKind& kind : kinds_of(library)) {
    json dtypes = json::array(), notes = json::object();
    for (const lstm::DType dtype : kind.dtypes) {
      dtypes.push_back(lstm::name(dtype));
      if (library.device != lstm::Device::cpu) continue;
      if (const std::string text = note(dtype, isa); !text.empty()) notes[lstm::name(dtype)] = text;
    }
    implementations.push_back({{"name", implementation_of(library, kind)},
                               {"description", kind.description},
                               {"dtypes", dtypes},
                               {"devices", {device_name(library.device)}},
                               {"notes", notes}});
    if (!unavailable.empty()) implementations.back()["unavailable"] = unavailable;
  }
  if (library.device == lstm::Device::cuda) {
    json build = {{"compiler", compiler()}, {protocol::kBuildId, protocol::build_id()}};
    std::string version = LSTMBENCH_VERSION;
    for (const auto& [name, value] : lstm::cuda::facts()) {
      build[name] = value;
      if (library.name == kCudnn.name && name == "cuDNN") version = value;
    }
    return {{"protocol", kProtocol},
            {"library", library.name},
            {"version", version},
            {"build", build},
            {"implementations", implementations}};
  }
  return {{"protocol", kProtocol},
          {"library", library.name},
          {"version", LSTMBENCH_VERSION},
          {"build",
           {{"compiler", compiler()},
            {"isa", lstm::name(isa)},
            {"cpu", cpu_model()},
            {protocol::kBuildId, protocol::build_id()}}},
          {"implementations", implementations}};
}

json peak(const Library& library, const json& request) {
  const int threads = request.at("threads");
  const double seconds = request.value("seconds", 0.5);
  if (threads < 1 || !(seconds > 0)) {
    throw protocol::bad_request(
        fmt::format("got {} threads for {} seconds, expected at least 1 thread and more than 0 seconds",
                    threads, seconds));
  }
  json result = {{"l2_gbytes", nullptr}, {"memory_gbytes", nullptr}};
  if (library.device == lstm::Device::cuda) {
    for (const lstm::DType dtype :
         {lstm::DType::fp32, lstm::DType::tf32, lstm::DType::bf16, lstm::DType::fp16}) {
      result[fmt::format("{}_gflops", lstm::name(dtype))] = gflops(lstm::cuda::measure_peak(dtype, seconds));
    }
    return result;
  }
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
  result["bf16_gflops"] = gflops(bf16);
  result["l2_gbytes"] = peak.l2_bytes_per_second / 1e9;
  result["memory_gbytes"] = peak.memory_bytes_per_second / 1e9;
  return result;
}

json Session::prepare(const json& request) {
  engine_.reset();  // before the next one takes its memory
  const std::string engine = engine_of(library_, request.at("implementation"));
  problem_ = protocol::read_problem(request);
  if (problem_.device != device_name(library_.device)) {
    throw protocol::unsupported(
        fmt::format("device: got \"{}\", expected {}", problem_.device, device_name(library_.device)));
  }
  const lstm::Network network = network_of(problem_.network);
  const lstm::BatchShape shape = shape_of(problem_);
  try {
    lstm::validate(network);
    lstm::validate(shape);
  } catch (const std::invalid_argument& error) {  // read_problem() takes any sizes
    throw protocol::unsupported(error.what());
  }
  try {
    lstm::validate(batch(), network, shape);
  } catch (const std::invalid_argument& error) {
    throw protocol::bad_request(error.what());
  }
  lstm::EngineOptions options = lstm::EngineOptions::from_environment();
  options.dtype = dtype_of(problem_.dtype);
  options.threads = problem_.threads;
  // What is measured next to other libraries has the machine for itself, and is to stay where it is.
  if (options.pin_threads == lstm::Pinning::automatic) options.pin_threads = lstm::Pinning::always;
  const lstm::AdamOptions adam{problem_.adam.learning_rate, problem_.adam.beta1, problem_.adam.beta2,
                               problem_.adam.epsilon};
  if (library_.device == lstm::Device::cuda) device_bytes_before_ = lstm::cuda::device_bytes_in_use();
  try {
    engine_ = lstm::make_engine(engine, network, shape, options, adam);
  } catch (const std::invalid_argument& error) {
    throw protocol::unsupported(error.what());
  }
  copy_parameters();
  if (library_.device == lstm::Device::cuda) try_out();
  note_device_memory();
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
  const std::span<float> parameters = engine_->parameters();
  for (const lstm::ParameterTensor& tensor : engine_->layout().tensors()) {
    const auto& values = problem_.parameter(tensor.name).values;
    std::copy(values.begin(), values.end(), parameters.subspan(tensor.offset).begin());
  }
}

json Session::check(const json& request) {
  const std::filesystem::path directory = request.at("directory").get<std::string>();
  const std::span<float> before = engine().parameters();
  const std::vector<float> current(before.begin(), before.end());
  copy_parameters();
  engine_->load(batch());
  engine_->forward();
  const double loss = engine_->loss();
  engine_->backward();
  std::copy(current.begin(), current.end(), engine_->parameters().begin());
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
  if (library_.device == lstm::Device::cuda) {
    device_state_ = device_state();
    note_device_memory();
  }
  return {{"steps", timed}};
}

// What is done once, but at the first step only: libraries say what they do not support, choose and load
// kernels; graphs are recorded at the second one.
void Session::try_out() {
  try {
    for (int step = 0; step < 2; ++step) {
      engine_->load(batch());
      engine_->forward();
      engine_->loss();
      engine_->backward();
      engine_->synchronise();
    }
  } catch (const std::invalid_argument& error) {
    engine_.reset();
    throw protocol::unsupported(error.what());
  }
}

// cuBLAS and cuDNN load kernels when they are first used, which counts, too.
void Session::note_device_memory() {
  if (library_.device != lstm::Device::cuda) return;
  device_peak_bytes_ = std::max(device_peak_bytes_, lstm::cuda::device_bytes_in_use() - device_bytes_before_);
}

json Session::memory(const json&) {
  json result = {{"peak_rss_bytes", protocol::peak_rss_bytes()}, {"device_peak_bytes", nullptr}};
  if (library_.device == lstm::Device::cuda) result["device_peak_bytes"] = device_peak_bytes_;
  if (!device_state_.empty()) result["device_state"] = device_state_;
  return result;
}

}  // namespace lstm_worker
