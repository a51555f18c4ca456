#include "protocol/replies.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "protocol/requests.h"
#include "protocol/text.h"

namespace lstmbench {
namespace {

using Json = nlohmann::json;

// A field that is not what the protocol says; becomes a WorkerFailure with the line.
struct NotTheProtocol {
  std::string what;
};

const Json& field(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) throw NotTheProtocol{fmt::format("'{}' is missing", key)};
  return *found;
}

std::string text(const Json& object, const char* key) {
  const Json& value = field(object, key);
  if (!value.is_string()) throw NotTheProtocol{fmt::format("'{}' is not a text", key)};
  return value.get<std::string>();
}

std::string name(const Json& object, const char* key) {
  const std::string value = text(object, key);
  if (value.empty() || value.size() > 200 || value != printable(value) ||
      value.find_first_of("\n\t") != value.npos)
    throw NotTheProtocol{fmt::format("'{}' is not a name of 1 to 200 printable characters", key)};
  return value;
}

const Json& array(const Json& object, const char* key) {
  const Json& value = field(object, key);
  if (!value.is_array()) throw NotTheProtocol{fmt::format("'{}' is not an array", key)};
  return value;
}

std::vector<std::string> names(const Json& object, const char* key) {
  std::vector<std::string> values;
  for (const Json& element : array(object, key)) {
    if (!element.is_string())
      throw NotTheProtocol{fmt::format("'{}' holds something that is not a text", key)};
    values.push_back(element.get<std::string>());
  }
  return values;
}

// nlohmann-json keeps whole numbers beyond 2^63 as unsigned; those are beyond any `most`.
std::int64_t whole_number(const Json& value, const char* key, std::int64_t most) {
  if (!value.is_number_integer()) throw NotTheProtocol{fmt::format("'{}' is not a whole number", key)};
  const bool is_huge =
      value.is_number_unsigned() &&
      value.get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const std::int64_t number = is_huge ? std::numeric_limits<std::int64_t>::max() : value.get<std::int64_t>();
  if (number < 0) throw NotTheProtocol{fmt::format("'{}' is negative", key)};
  if (number > most) throw NotTheProtocol{fmt::format("'{}' is absurdly large", key)};
  return number;
}

double loss(const Json& object) {
  const Json& value = field(object, "loss");
  if (value.is_number()) return value.get<double>();
  if (value == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (value == "Infinity") return std::numeric_limits<double>::infinity();
  if (value == "-Infinity") return -std::numeric_limits<double>::infinity();
  throw NotTheProtocol{"'loss' is neither a number nor \"NaN\", \"Infinity\" or \"-Infinity\""};
}

std::optional<std::int64_t> optional_bytes(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return std::nullopt;
  return whole_number(*found, key, std::numeric_limits<std::int64_t>::max() - 1);
}

std::optional<double> optional_rate(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return std::nullopt;
  if (!found->is_number() || !(found->get<double>() >= 0))
    throw NotTheProtocol{fmt::format("'{}' is neither null nor a number of zero or more", key)};
  return found->get<double>();
}

[[noreturn]] void raise_error_reply(const Json& error) {
  if (!error.is_object()) throw NotTheProtocol{"'error' is not an object"};
  struct Kind {
    const char* name;
    Status status;
  };
  constexpr std::array<Kind, 4> kinds{{{"unsupported", Status::unsupported},
                                       {"out-of-memory", Status::out_of_memory},
                                       {"bad-request", Status::failed},
                                       {"failed", Status::failed}}};
  const std::string kind = text(error, "kind");
  const std::string message = printable(text(error, "message"));
  for (const Kind& known : kinds)
    if (kind == known.name)
      throw WorkerFailure(known.status, kind == "bad-request" ? "bad request: " + message : message, true);
  throw NotTheProtocol{"the error's 'kind' is none of unsupported, out-of-memory, bad-request, failed"};
}

// Calls read(result) for a proper reply and turns everything else into a WorkerFailure.
template <typename Read>
auto decode(std::string_view line, std::int64_t id, const Read& read) {
  try {
    if (line.size() > longest_line) throw NotTheProtocol{"it is longer than 1 MiB"};
    if (!is_valid_utf8(line)) throw NotTheProtocol{"it is not UTF-8"};
    const Json reply = Json::parse(line, nullptr, false);
    if (!reply.is_object()) throw NotTheProtocol{"it is not a JSON object"};
    const Json& reply_id = field(reply, "id");
    if (!reply_id.is_number_integer() || reply_id != id)
      throw NotTheProtocol{fmt::format("its id is not that of the request ({})", id)};
    const auto error = reply.find("error");
    if (error != reply.end()) {
      if (reply.contains("result")) throw NotTheProtocol{"it has both a result and an error"};
      raise_error_reply(*error);
    }
    const Json& result = field(reply, "result");
    if (!result.is_object()) throw NotTheProtocol{"'result' is not an object"};
    return read(result);
  } catch (const NotTheProtocol& problem) {
    throw WorkerFailure(Status::failed, fmt::format("the worker's reply is not the protocol: {}: {}",
                                                    problem.what, in_quotes(line)));
  } catch (const Json::exception& problem) {
    throw WorkerFailure(Status::failed, fmt::format("the worker's reply is not the protocol: {}: {}",
                                                    problem.what(), in_quotes(line)));
  }
}

ImplementationInfo implementation(const Json& object) {
  if (!object.is_object()) throw NotTheProtocol{"'implementations' holds something that is not an object"};
  ImplementationInfo info;
  info.name = name(object, "name");
  if (info.name.find_first_of(" ,@") != std::string::npos || info.name.find('/') == std::string::npos)
    throw NotTheProtocol{"an implementation's 'name' is not library/variant without spaces, commas and @"};
  if (object.contains("description")) info.description = printable(text(object, "description"));
  info.dtypes = names(object, "dtypes");
  info.devices = names(object, "devices");
  if (info.dtypes.empty() || info.devices.empty())
    throw NotTheProtocol{"an implementation has no 'dtypes' or no 'devices'"};
  if (const auto notes = object.find("notes"); notes != object.end()) {
    if (!notes->is_object()) throw NotTheProtocol{"'notes' is not an object"};
    for (const auto& [dtype, note] : notes->items()) {
      if (!note.is_string()) throw NotTheProtocol{"'notes' holds something that is not a text"};
      info.notes[printable(dtype)] = printable(note.get<std::string>());
    }
  }
  if (object.contains("unavailable")) info.unavailable = printable(text(object, "unavailable"));
  return info;
}

StepTimes step_times(const Json& step) {
  if (!step.is_object()) throw NotTheProtocol{"'steps' holds something that is not an object"};
  const auto time = [&](const char* key) { return whole_number(field(step, key), key, year_ns); };
  StepTimes times{time("input_ns"),    time("forward_ns"), time("loss_ns"),
                  time("backward_ns"), time("update_ns"),  loss(step)};
  if (step.contains("device_ns")) times.device_ns = time("device_ns");
  return times;
}

}  // namespace

Hello decode_hello(std::string_view line, std::int64_t id) {
  return decode(line, id, [](const Json& result) {
    if (whole_number(field(result, "protocol"), "protocol", 1000) != protocol_version)
      throw NotTheProtocol{fmt::format("its 'protocol' is not {}", protocol_version)};
    Hello hello;
    hello.library = name(result, "library");
    hello.version = name(result, "version");
    if (const auto build = result.find("build"); build != result.end()) {
      if (!build->is_object()) throw NotTheProtocol{"'build' is not an object"};
      for (const auto& [key, value] : build->items()) {
        if (!value.is_string()) throw NotTheProtocol{"'build' holds something that is not a text"};
        hello.build.emplace(printable(key), printable(value.get<std::string>()));
      }
    }
    for (const Json& object : array(result, "implementations")) {
      hello.implementations.push_back(implementation(object));
      for (std::size_t i = 0; i + 1 < hello.implementations.size(); ++i)
        if (hello.implementations[i].name == hello.implementations.back().name)
          throw NotTheProtocol{"two implementations have the same 'name'"};
    }
    return hello;
  });
}

Prepared decode_prepared(std::string_view line, std::int64_t id) {
  return decode(line, id, [](const Json& result) {
    Prepared prepared;
    prepared.workspace_bytes = optional_bytes(result, "workspace_bytes");
    const auto description = result.find("description");
    if (description != result.end() && !description->is_null())
      prepared.description = printable(text(result, "description"));
    return prepared;
  });
}

double decode_checked(std::string_view line, std::int64_t id) {
  return decode(line, id, [](const Json& result) { return loss(result); });
}

std::vector<StepTimes> decode_steps(std::string_view line, std::int64_t id, int expected) {
  return decode(line, id, [&](const Json& result) {
    std::vector<StepTimes> steps;
    for (const Json& step : array(result, "steps")) steps.push_back(step_times(step));
    if (steps.size() != static_cast<std::size_t>(expected))
      throw NotTheProtocol{fmt::format("it has {} steps, asked for were {}", steps.size(), expected)};
    return steps;
  });
}

MemoryUse decode_memory(std::string_view line, std::int64_t id) {
  return decode(line, id, [](const Json& result) {
    MemoryUse memory{optional_bytes(result, "peak_rss_bytes"), optional_bytes(result, "device_peak_bytes")};
    if (result.contains("device_state")) memory.device_state = printable(text(result, "device_state"));
    return memory;
  });
}

PeakRates decode_peak(std::string_view line, std::int64_t id) {
  return decode(line, id, [](const Json& result) {
    return PeakRates{optional_rate(result, "fp32_gflops"), optional_rate(result, "bf16_gflops"),
                     optional_rate(result, "l2_gbytes"),   optional_rate(result, "memory_gbytes"),
                     optional_rate(result, "tf32_gflops"), optional_rate(result, "fp16_gflops")};
  });
}

void decode_quit(std::string_view line, std::int64_t id) {
  decode(line, id, [](const Json&) { return 0; });
}

}  // namespace lstmbench
