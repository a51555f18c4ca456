// The worker of oneDNN: its LSTM primitives called directly. See docs/worker-protocol.md.
#include <fmt/format.h>
#include <xmmintrin.h>

#include <chrono>
#include <memory>

#include "protocol/build_id.h"
#include "protocol/peak_memory.h"
#include "protocol/serve.h"
#include "threads.h"
#include "training.h"

namespace {

using nlohmann::json;

std::int64_t now_ns() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

class Worker {
 public:
  json hello(const json& request) const {
    if (request.at("protocol") != 1) throw protocol::bad_request("this worker speaks protocol 1");
    const dnnl_version_t* version = dnnl_version();
    return {{"protocol", 1},
            {"library", "onednn"},
            {"version", fmt::format("{}.{}.{}", version->major, version->minor, version->patch)},
            {"build",
             {{"revision", version->hash},
              {"threading", onednn::threading_name()},
              {protocol::kBuildId, protocol::build_id()}}},
            {"implementations",
             {{{"name", "onednn/lstm"},
               {"description", "oneDNN's rnn primitives, one per layer, called directly"},
               {"dtypes", {"fp32", "bf16"}},
               {"devices", {"cpu"}}}}}};
  }

  json prepare(const json& request) {
    training_.reset();
    const protocol::Problem problem = protocol::read_problem(request);
    if (problem.implementation != "onednn/lstm")
      throw protocol::bad_request(
          fmt::format("unknown implementation '{}'; known: onednn/lstm", problem.implementation));
    onednn::set_threads(problem.threads);
    try {
      training_ = std::make_unique<onednn::Training>(problem);
    } catch (const dnnl::error& error) {
      if (error.status == dnnl_out_of_memory) throw std::bad_alloc();
      if (error.status == dnnl_unimplemented)
        throw protocol::unsupported(
            fmt::format("oneDNN has no {} LSTM for this processor{}: {}", problem.dtype,
                        problem.dtype == "bf16" ? " (bf16 needs AVX-512)" : "", error.what()));
      throw;
    }
    return {{"workspace_bytes", training_->allocated_bytes()},
            {"description", fmt::format("{} threads, {}", problem.threads, onednn::threading_name())}};
  }

  json check(const json& request) {
    return {{"loss", protocol::number(prepared().check(request.at("directory").get<std::string>()))}};
  }

  json run(const json& request) {
    onednn::Training& training = prepared();
    const auto& count = request.at("steps");
    if (!count.is_number_integer() || count.get<int>() < 1)
      throw protocol::bad_request("\"steps\" must be at least 1");
    json steps = json::array();
    for (int step = 0; step < count.get<int>(); ++step) {
      const std::int64_t start = now_ns();  // the batch is where the library computes: there is no transfer
      training.forward();
      const std::int64_t forward = now_ns();
      const double loss = training.loss();
      const std::int64_t lost = now_ns();
      training.backward();
      const std::int64_t backward = now_ns();
      training.update();
      steps.push_back({{"input_ns", 0},
                       {"forward_ns", forward - start},
                       {"loss_ns", lost - forward},
                       {"backward_ns", backward - lost},
                       {"update_ns", now_ns() - backward},
                       {"loss", protocol::number(loss)}});
    }
    return {{"steps", steps}};
  }

  json memory(const json&) const {
    return {{"peak_rss_bytes", protocol::peak_rss_bytes()}, {"device_peak_bytes", nullptr}};
  }

 private:
  onednn::Training& prepared() {
    if (!training_) throw protocol::bad_request("nothing is prepared");
    return *training_;
  }

  std::unique_ptr<onednn::Training> training_;
};

}  // namespace

int main(int, char** arguments) {
  onednn::restart_with_active_waiting(arguments);
  _MM_SET_FLUSH_ZERO_MODE(_MM_FLUSH_ZERO_ON);
  _mm_setcsr(_mm_getcsr() | 0x0040U);  // and read denormals as zero; threads made from now on inherit both

  Worker worker;
  return protocol::serve({{"hello", [&](const json& request) { return worker.hello(request); }},
                          {"prepare", [&](const json& request) { return worker.prepare(request); }},
                          {"check", [&](const json& request) { return worker.check(request); }},
                          {"run", [&](const json& request) { return worker.run(request); }},
                          {"memory", [&](const json& request) { return worker.memory(request); }}});
}
