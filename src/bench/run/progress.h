// What a run says while it goes on. The runner tells; who listens decides what is shown.
#pragma once

#include <chrono>
#include <cstdio>
#include <string>

#include "run/options.h"
#include "store/records.h"

namespace lstmbench {

struct ProgressPosition {
  std::string phase;    // "checking", "round 1 of 6", "round 2"
  std::string subject;  // a case's id, or what else is being done
  std::string detail;   // "warming up", "step 3 of 7"; may be empty
  int done = 0;         // cases of the phase
  int total = 0;
  double left_s = -1;  // of the whole run; negative: not known
};

class Progress {
 public:
  virtual ~Progress() = default;
  virtual void show(const ProgressPosition& position) = 0;  // often; may be dropped
  virtual void say(const std::string& line) = 0;            // once, stays visible
};

// Says nothing.
class SilentProgress : public Progress {
 public:
  void show(const ProgressPosition&) override {}
  void say(const std::string&) override {}
};

// One line that is rewritten; for a terminal.
class TerminalProgress : public Progress {
 public:
  TerminalProgress(std::FILE* terminal, int width, bool uses_color, bool uses_unicode);
  ~TerminalProgress() override;
  void show(const ProgressPosition& position) override;
  void say(const std::string& line) override;

 private:
  void clear();

  std::FILE* terminal_;
  int width_;
  bool uses_color_, uses_unicode_;
  bool is_line_open_ = false;
  std::string shown_;
};

// A line for each phase and each case; for a pipe or a file.
class PlainProgress : public Progress {
 public:
  explicit PlainProgress(std::FILE* file) : file_(file) {}
  void show(const ProgressPosition& position) override;
  void say(const std::string& line) override;

 private:
  std::FILE* file_;
  std::string last_;
};

}  // namespace lstmbench
