#include "protocol/problem.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "protocol/serve.h"

namespace protocol {

namespace {

using nlohmann::json;

std::int64_t positive(const json& object, const char* name) {
  const json& value = object.at(name);
  if (!value.is_number_integer() || value.get<std::int64_t>() < 1)
    throw bad_request(fmt::format("\"{}\" must be a whole number of at least 1, got {}", name, value.dump()));
  return value.get<std::int64_t>();
}

void check_range(const char* name, const std::vector<std::int32_t>& values, std::int64_t low,
                 std::int64_t high) {
  for (const std::int32_t value : values)
    if (value < low || value > high)
      throw bad_request(fmt::format("{}.npy: values must be {}..{}, got {}", name, low, high, value));
}

Adam read_adam(const json& settings) {
  if (settings.at("name") != "adam")
    throw unsupported(fmt::format("optimizer {}; known: \"adam\"", settings.at("name").dump()));
  return {settings.value("learning_rate", 1e-3), settings.value("beta1", 0.9), settings.value("beta2", 0.999),
          settings.value("epsilon", 1e-8)};
}

std::vector<Parameter> read_parameters(const Network& network, const std::filesystem::path& directory) {
  const std::int64_t units = network.units;
  std::vector<Parameter> parameters;
  const auto add = [&](const std::string& name, Shape shape) {
    auto values = read_npy<float>(directory / (name + ".npy"), shape);
    parameters.push_back({name, std::move(shape), std::move(values)});
  };
  std::int64_t inputs = network.inputs;
  for (std::int64_t layer = 0; layer < network.layers; ++layer) {
    for (std::int64_t direction = 0; direction < network.directions; ++direction) {
      const std::string prefix = fmt::format("layer{}.{}.", layer, direction == 0 ? "forward" : "reverse");
      add(prefix + "W", {4 * units, inputs});
      add(prefix + "R", {4 * units, units});
      add(prefix + "b_W", {4 * units});
      add(prefix + "b_R", {4 * units});
    }
    inputs = network.directions * units;
  }
  add("head", {network.classes, inputs});
  return parameters;
}

}  // namespace

const Parameter& Problem::parameter(const std::string& name) const {
  const auto found = std::ranges::find(parameters, name, &Parameter::name);
  if (found == parameters.end()) throw std::invalid_argument(fmt::format("no parameter is named '{}'", name));
  return *found;
}

Problem read_problem(const json& request) {
  const json &network = request.at("network"), &batch = request.at("batch");
  const std::string loss = network.at("loss");
  if (loss != "cross-entropy" && loss != "ctc")
    throw bad_request(fmt::format("unknown loss '{}'; known: cross-entropy, ctc", loss));

  Problem problem{};
  problem.implementation = request.at("implementation");
  problem.dtype = request.at("dtype");
  problem.device = request.at("device");
  const std::int64_t threads = positive(request, "threads");
  if (threads > std::numeric_limits<int>::max())
    throw bad_request(
        fmt::format("\"threads\": got {}, expected at most {}", threads, std::numeric_limits<int>::max()));
  problem.threads = static_cast<int>(threads);
  problem.network = {positive(network, "inputs"),  positive(network, "units"),
                     positive(network, "layers"),  positive(network, "directions"),
                     positive(network, "classes"), loss == "ctc"};
  if (problem.network.directions > 2) throw bad_request("\"directions\" must be 1 or 2");
  problem.adam = read_adam(request.at("optimizer"));
  const std::int64_t n = problem.samples = positive(batch, "samples");
  const std::int64_t t = problem.time_steps = positive(batch, "time_steps");

  const std::filesystem::path directory = request.at("directory").get<std::string>();
  problem.x = read_npy<float>(directory / "x.npy", {n, t, problem.network.inputs});
  problem.lengths = read_npy<std::int32_t>(directory / "lengths.npy", {n});
  problem.loss_lengths = read_npy<std::int32_t>(directory / "loss_lengths.npy", {n});
  check_range("lengths", problem.lengths, 1, t);
  check_range("loss_lengths", problem.loss_lengths, 1, t);
  std::int64_t labels = n;
  if (problem.network.is_ctc) {
    problem.label_lengths = read_npy<std::int32_t>(directory / "label_lengths.npy", {n});
    // More labels than steps are no error: CTC gives them an infinite loss.
    check_range("label_lengths", problem.label_lengths, 0, std::numeric_limits<std::int32_t>::max());
    labels = std::accumulate(problem.label_lengths.begin(), problem.label_lengths.end(), std::int64_t{0});
  }
  problem.labels = read_npy<std::int32_t>(directory / "labels.npy", {labels});
  check_range("labels", problem.labels, problem.network.is_ctc ? 1 : 0, problem.network.classes - 1);
  problem.parameters = read_parameters(problem.network, directory / "parameters");
  return problem;
}

}  // namespace protocol
