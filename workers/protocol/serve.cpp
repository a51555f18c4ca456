#include "protocol/serve.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <memory>
#include <new>
#include <optional>

namespace protocol {

namespace {

using nlohmann::json;

constexpr std::size_t kMaxLineBytes = 1 << 20;

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileCloser>;

// Programs that a library may start do not inherit the descriptor.
File open_descriptor(int descriptor, const char* mode) {
  return fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 ? File(fdopen(descriptor, mode)) : nullptr;
}

std::optional<std::string> read_line(std::FILE* file) {
  std::string line;
  for (int character = std::getc(file); character != EOF; character = std::getc(file)) {
    if (character == '\n') return line;
    if (line.size() <= kMaxLineBytes) line.push_back(static_cast<char>(character));
  }
  return std::nullopt;
}

json error_reply(const json& id, const std::string& kind, const std::string& message) {
  return {{"id", id}, {"error", {{"kind", kind}, {"message", message}}}};
}

json parse(const std::string& line) {
  if (line.size() > kMaxLineBytes)
    throw bad_request(fmt::format("a request of more than {} bytes", kMaxLineBytes));
  try {
    return json::parse(line);
  } catch (const json::exception& error) {
    throw bad_request(fmt::format("not a line of JSON: {}", error.what()));
  }
}

json answer(const std::map<std::string, Handler>& handlers, const json& request) {
  if (!request.is_object() || !request.contains("request") || !request["request"].is_string())
    throw bad_request("a request is an object with a member \"request\"");
  const std::string& name = request["request"].get_ref<const std::string&>();
  if (name == "quit") return json::object();
  const auto handler = handlers.find(name);
  if (handler == handlers.end()) throw bad_request(fmt::format("unknown request '{}'", name));
  try {
    return handler->second(request);
  } catch (const json::exception& error) {  // a member is missing or of another type
    throw bad_request(fmt::format("{}: {}", name, error.what()));
  }
}

}  // namespace

int serve(const std::map<std::string, Handler>& handlers) {
  const File requests = open_descriptor(3, "r");
  const File replies = open_descriptor(4, "w");
  if (!requests || !replies) {
    std::fputs(
        "descriptors 3 (requests) and 4 (replies) must be open: this is a worker that lstmbench starts\n",
        stderr);
    return 2;
  }
  for (bool is_done = false; !is_done;) {
    const auto line = read_line(requests.get());
    if (!line) return 0;
    json id, reply;
    try {
      const json request = parse(*line);
      if (request.is_object() && request.contains("id")) id = request["id"];
      reply = {{"id", id}, {"result", answer(handlers, request)}};
      is_done = request["request"] == "quit";
    } catch (const Error& error) {
      reply = error_reply(id, error.kind, error.what());
    } catch (const std::bad_alloc&) {
      reply = error_reply(id, "out-of-memory", "memory could not be allocated");
    } catch (const std::exception& error) {
      reply = error_reply(id, "failed", error.what());
    }
    const std::string text = reply.dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
    if (std::fwrite(text.data(), 1, text.size(), replies.get()) != text.size() ||
        std::fflush(replies.get()) != 0)
      return 1;
  }
  return 0;
}

json number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}

}  // namespace protocol
