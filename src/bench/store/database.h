// SQLite as values and exceptions: a connection, its prepared statements, a transaction.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>

struct sqlite3;
struct sqlite3_stmt;

namespace lstmbench {

// The results cannot be read or written; the message names the file, the reason and what to do.
struct StorageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Database;

struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const;
};
struct HashText {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
// By their SQL.
using PreparedStatements =
    std::unordered_multimap<std::string, std::unique_ptr<sqlite3_stmt, FinalizeStatement>, HashText,
                            std::equal_to<>>;

class Statement {
 public:
  Statement(Database& database, std::string_view sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // Values of the placeholders from the first on; each call binds the next one.
  Statement& bind(std::int64_t value);
  Statement& bind(int value) { return bind(static_cast<std::int64_t>(value)); }
  Statement& bind(double value);
  Statement& bind(const std::string& value);
  Statement& bind(const char* value) { return bind(std::string(value)); }
  Statement& bind(std::nullopt_t);
  template <typename T>
  Statement& bind(const std::optional<T>& value) {
    return value ? bind(*value) : bind(std::nullopt);
  }

  // True while there is a row; then its columns, from 0, can be read.
  bool step();
  void execute();  // step to the end, then ready for new values

  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const;
  std::optional<std::int64_t> optional_integer(int column) const;
  std::optional<double> optional_real(int column) const;

 private:
  void check(int result) const;

  Database& database_;
  PreparedStatements::node_type prepared_;
  sqlite3_stmt* statement_ = nullptr;  // the one in it
  int next_placeholder_ = 1;
};

// How long to wait while another program has the file: a commit, for one, waits for all readers to finish.
struct Patience {
  std::chrono::milliseconds at_most{10'000};
  std::chrono::milliseconds say_every{10'000};
  std::function<void(const std::string&)> say;  // told that it waits, so that a person can end what keeps it
};

class Database {
 public:
  enum class Mode { read_only, read_write };

  // read_write creates the file (not its folder). Foreign keys are enforced; every commit reaches the disk.
  Database(const std::filesystem::path& path, Mode mode);
  void set_patience(Patience patience);
  // A copy of another database in memory; the original is not touched again.
  static Database copy_in_memory(Database& original);

  void execute(const std::string& sql);
  std::int64_t last_row_id() const;
  const std::filesystem::path& path() const { return path_; }
  sqlite3* handle() const { return handle_.get(); }
  // Throws StorageError from SQLite's last error.
  [[noreturn]] void fail(int result) const;

 private:
  friend class Statement;
  struct Close {
    void operator()(sqlite3* handle) const;
  };
  struct Wait {
    std::filesystem::path path;
    Patience patience;
    std::chrono::steady_clock::time_point since, said;
  };
  static int wait_for_others(void* wait, int attempts);
  // One that is not in use, else a new one: preparing takes longer than most statements run.
  PreparedStatements::node_type take_prepared(std::string_view sql);

  std::filesystem::path path_;
  std::unique_ptr<Wait> wait_;  // SQLite knows its address
  std::unique_ptr<sqlite3, Close> handle_;
  PreparedStatements unused_;
};

// Rolled back unless committed. One inside another becomes part of it: it is on the disk when the outer one
// is.
class Transaction {
 public:
  explicit Transaction(Database& database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database& database_;
  bool is_inner_;
  bool is_open_ = true;
};

}  // namespace lstmbench
