// What the worker does for each request of docs/worker-protocol.md.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "lstm/engine.h"
#include "protocol/problem.h"

namespace lstm_worker {

nlohmann::json hello(const nlohmann::json& request);
nlohmann::json memory(const nlohmann::json& request);
nlohmann::json peak(const nlohmann::json& request);

// The prepared case. Each member function takes a request and returns its result, or throws protocol::Error.
class Session {
 public:
  nlohmann::json prepare(const nlohmann::json& request);
  nlohmann::json check(const nlohmann::json& request);
  nlohmann::json run(const nlohmann::json& request);

 private:
  lstm::Engine& engine();  // throws where nothing is prepared
  lstm::Batch batch() const;
  void copy_parameters();  // the problem's to the engine

  protocol::Problem problem_;
  std::unique_ptr<lstm::Engine> engine_;
};

}  // namespace lstm_worker
