#include "store/database.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <thread>

namespace lstmbench {
namespace {

std::string advice(int result) {
  switch (result & 0xff) {
    case SQLITE_FULL:
      return "free some space, or name a file on another disk with --results";
    case SQLITE_CANTOPEN:
      return "does the folder exist, and may you write to it? --results names another file";
    case SQLITE_READONLY:
      return "the file or its folder is read-only; --results names another file";
    case SQLITE_BUSY:
      return "another program is reading or writing it and did not let go of it; end that program, or name "
             "another file with --results";
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return "it is not a results file, or a damaged one; --results names another file";
    case SQLITE_IOERR:
      return "the disk may be full or failing; --results names another file";
    default:
      return "--results names another file";
  }
}

}  // namespace

void Database::Close::operator()(sqlite3* handle) const {
  sqlite3_close_v2(handle);
}

void FinalizeStatement::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

Database::Database(const std::filesystem::path& path, Mode mode)
    : path_(path), wait_(std::make_unique<Wait>(Wait{path, {}, {}, {}})) {
  sqlite3* handle = nullptr;
  // A file whose writer was killed in the middle of a commit can only be read after that was rolled back:
  // reading, too, opens it for writing where that is allowed (SQLite turns to reading where it is not), and
  // then writes nothing else.
  const int flags = SQLITE_OPEN_READWRITE | (mode == Mode::read_write ? SQLITE_OPEN_CREATE : 0);
  const int result = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  handle_.reset(handle);
  if (result != SQLITE_OK) fail(result);
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_handler(handle, wait_for_others, wait_.get());
  execute("PRAGMA foreign_keys = ON");
  execute(mode == Mode::read_write ? "PRAGMA synchronous = EXTRA" : "PRAGMA query_only = ON");
}

void Database::set_patience(Patience patience) {
  wait_->patience = std::move(patience);
}

// SQLite calls this until it has what it waits for, or it gives 0.
int Database::wait_for_others(void* wait, int attempts) {
  using namespace std::chrono;
  auto& [path, patience, since, said] = *static_cast<Wait*>(wait);
  const auto now = steady_clock::now();
  if (attempts == 0) since = said = now;
  if (now - since >= patience.at_most) return 0;
  if (patience.say && now - said >= patience.say_every) {
    said = now;
    patience.say(fmt::format("another program is reading or writing '{}': waiting for it, {} s so far",
                             path.string(), duration_cast<seconds>(now - since).count()));
  }
  std::this_thread::sleep_for(milliseconds(std::min(1 + attempts, 50)));
  return 1;
}

Database Database::copy_in_memory(Database& original) {
  Database copy(":memory:", Mode::read_write);
  sqlite3_backup* backup = sqlite3_backup_init(copy.handle(), "main", original.handle(), "main");
  if (!backup) original.fail(sqlite3_errcode(copy.handle()));
  sqlite3_backup_step(backup, -1);
  const int result = sqlite3_backup_finish(backup);
  if (result != SQLITE_OK) original.fail(result);
  copy.path_ = original.path_;
  return copy;
}

void Database::execute(const std::string& sql) {
  const int result = sqlite3_exec(handle(), sql.c_str(), nullptr, nullptr, nullptr);
  if (result != SQLITE_OK) fail(result);
}

PreparedStatements::node_type Database::take_prepared(std::string_view sql) {
  if (const auto known = unused_.find(sql); known != unused_.end()) return unused_.extract(known);
  sqlite3_stmt* statement = nullptr;
  const int result = sqlite3_prepare_v3(handle(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (result != SQLITE_OK) fail(result);
  return unused_.extract(unused_.emplace(sql, statement));
}

std::int64_t Database::last_row_id() const {
  return sqlite3_last_insert_rowid(handle());
}

void Database::fail(int result) const {
  throw StorageError(fmt::format("results file '{}': {} ({})", path_.string(),
                                 handle() ? sqlite3_errmsg(handle()) : sqlite3_errstr(result),
                                 advice(result)));
}

Statement::Statement(Database& database, std::string_view sql)
    : database_(database), prepared_(database.take_prepared(sql)), statement_(prepared_.mapped().get()) {}

Statement::~Statement() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
  database_.unused_.insert(std::move(prepared_));
}

void Statement::check(int result) const {
  if (result != SQLITE_OK) database_.fail(result);
}

Statement& Statement::bind(std::int64_t value) {
  check(sqlite3_bind_int64(statement_, next_placeholder_++, value));
  return *this;
}

Statement& Statement::bind(double value) {
  check(sqlite3_bind_double(statement_, next_placeholder_++, value));
  return *this;
}

Statement& Statement::bind(const std::string& value) {
  check(sqlite3_bind_text(statement_, next_placeholder_++, value.data(), static_cast<int>(value.size()),
                          SQLITE_TRANSIENT));
  return *this;
}

Statement& Statement::bind(std::nullopt_t) {
  check(sqlite3_bind_null(statement_, next_placeholder_++));
  return *this;
}

bool Statement::step() {
  const int result = sqlite3_step(statement_);
  if (result == SQLITE_ROW) return true;
  if (result != SQLITE_DONE) database_.fail(result);
  return false;
}

void Statement::execute() {
  while (step()) {
  }
  check(sqlite3_reset(statement_));
  next_placeholder_ = 1;
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}
std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}
double Statement::real(int column) const {
  return sqlite3_column_double(statement_, column);
}

std::string Statement::text(int column) const {
  const auto* characters = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return characters
             ? std::string(characters, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)))
             : std::string();
}

std::optional<std::int64_t> Statement::optional_integer(int column) const {
  return is_null(column) ? std::nullopt : std::optional(integer(column));
}

std::optional<double> Statement::optional_real(int column) const {
  return is_null(column) ? std::nullopt : std::optional(real(column));
}

Transaction::Transaction(Database& database)
    : database_(database), is_inner_(sqlite3_get_autocommit(database.handle()) == 0) {
  Statement(database, is_inner_ ? "SAVEPOINT inner" : "BEGIN IMMEDIATE").execute();
}

Transaction::~Transaction() {
  if (!is_open_) return;
  const char* undo = is_inner_ ? "ROLLBACK TO inner; RELEASE inner" : "ROLLBACK";
  sqlite3_exec(database_.handle(), undo, nullptr, nullptr, nullptr);
}

void Transaction::commit() {
  Statement(database_, is_inner_ ? "RELEASE inner" : "COMMIT").execute();
  is_open_ = false;
}

}  // namespace lstmbench
