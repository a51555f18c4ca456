#include "protocol/requests.h"

#include <nlohmann/json.hpp>

namespace lstmbench {
namespace {

using Json = nlohmann::ordered_json;

Json request(std::int64_t id, const char* name) {
  return {{"id", id}, {"request", name}};
}

// A path that is not UTF-8 travels with its bytes replaced; the worker then reports the missing file.
std::string line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string encode_hello(std::int64_t id) {
  Json json = request(id, "hello");
  json["protocol"] = protocol_version;
  return line(json);
}

std::string encode_prepare(std::int64_t id, const Case& a_case, const std::filesystem::path& problem) {
  const Workload& workload = a_case.workload;
  Json json = request(id, "prepare");
  json["implementation"] = a_case.worker_implementation();
  json["dtype"] = a_case.dtype;
  json["device"] = a_case.device;
  json["threads"] = a_case.threads;
  json["network"] = {
      {"inputs", workload.channels}, {"units", workload.units},
      {"layers", workload.layers},   {"directions", workload.directions},
      {"classes", workload.classes}, {"loss", workload.loss == Loss::ctc ? "ctc" : "cross-entropy"}};
  json["batch"] = {{"samples", workload.samples},
                   {"time_steps", workload.time_steps},
                   {"max_labels", workload.loss == Loss::ctc ? workload.labels : 1}};
  json["optimizer"] = {
      {"name", "adam"}, {"learning_rate", 1e-3}, {"beta1", 0.9}, {"beta2", 0.999}, {"epsilon", 1e-8}};
  json["directory"] = problem.string();
  return line(json);
}

std::string encode_check(std::int64_t id, const std::filesystem::path& gradients) {
  Json json = request(id, "check");
  json["directory"] = gradients.string();
  return line(json);
}

std::string encode_run(std::int64_t id, int steps) {
  Json json = request(id, "run");
  json["steps"] = steps;
  return line(json);
}

std::string encode_memory(std::int64_t id) {
  return line(request(id, "memory"));
}

std::string encode_peak(std::int64_t id, int threads, double seconds, bool quick) {
  Json json = request(id, "peak");
  json["threads"] = threads;
  json["seconds"] = seconds;
  if (quick) json["quick"] = true;
  return line(json);
}

std::string encode_quit(std::int64_t id) {
  return line(request(id, "quit"));
}

}  // namespace lstmbench
