// A results file that holds anything: read, judged and reported, or refused.
//
// An input is a list of edits: values of any kind put into the tables of a sound file. SQLite itself is not
// what is tested (damaged_file_fuzz has whole files): edits reach what reads its rows, however wrong, without
// its finding each file malformed first.
#include <sqlite3.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/read_and_report.h"
#include "fuzz/small_run.h"
#include "fuzz/sqlite_memory.h"
#include "store/schema.h"

namespace {

using lstmbench::Database;
using lstmbench::ResultsFile;

constexpr int most_edits = 8;  // more rarely reach more: the first that is refused ends the reading

// What an input consists of, from its start on; zeros behind its end.
class Bytes {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}
  bool is_empty() const { return left_ == 0; }
  unsigned byte() {
    if (left_ == 0) return 0;
    --left_;
    return *data_++;
  }
  std::int64_t integer() {
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value = value << 8 | byte();
    return static_cast<std::int64_t>(value);
  }
  std::string_view text(std::size_t length) {
    length = std::min(length, left_);
    const std::string_view taken(reinterpret_cast<const char*>(data_), length);
    data_ += length;
    left_ -= length;
    return taken;
  }

 private:
  const std::uint8_t* data_;
  std::size_t left_;
};

// A small run in memory; each input finds it as it was.
class SoundFile {
 public:
  SoundFile() {
    Database database(":memory:", Database::Mode::read_write);
    handle_ = database.handle();
    database.execute("PRAGMA page_size = 1024");  // a page that is changed is copied
    lstmbench::bring_up_to_date(database);
    // Only what a table's definition cannot but refuse stays out.
    database.execute("PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF");
    results_ = std::make_unique<ResultsFile>(std::move(database));
    lstmbench::store_small_run(*results_);
    prepare_edits();
  }
  ~SoundFile() {
    for (sqlite3_stmt* edit : edits_) sqlite3_finalize(edit);
  }

  void read_with(Bytes edits, bool writes_json) {
    const auto change = results_->begin_transaction();  // undone at the end
    for (int i = 0; i < most_edits && !edits.is_empty(); ++i) apply_one(edits);
    lstmbench::read_and_report(*results_, writes_json);
  }

 private:
  void prepare_edits() {
    sqlite3_stmt* columns = nullptr;
    sqlite3_prepare_v2(handle_,
                       "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c "
                       "WHERE m.type = 'table' ORDER BY 1, 2",
                       -1, &columns, nullptr);
    while (sqlite3_step(columns) == SQLITE_ROW) {
      const std::string table(reinterpret_cast<const char*>(sqlite3_column_text(columns, 0)));
      const std::string column(reinterpret_cast<const char*>(sqlite3_column_text(columns, 1)));
      // FAIL: rows that were changed before one is refused stay changed. All rows, or one of them: a table
      // without row ids has the second statement refused.
      const std::string update = "UPDATE OR FAIL " + table + " SET " + column + " = ?1 WHERE ";
      edits_.push_back(prepared(update + "?2 = ?2"));
      if (sqlite3_stmt* one = prepared(update + "rowid = ?2")) edits_.push_back(one);
    }
    sqlite3_finalize(columns);
    if (edits_.size() > 256) std::abort();  // a byte of the input says which
  }

  sqlite3_stmt* prepared(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v2(handle_, sql.c_str(), -1, &statement, nullptr);
    return statement;
  }

  // Which statement, which row, what kind of value, the value.
  void apply_one(Bytes& edits) {
    sqlite3_stmt* edit = edits_[edits.byte() % edits_.size()];
    sqlite3_bind_int(edit, 2, static_cast<int>(edits.byte() % 8));
    switch (edits.byte() % 6) {
      case 0:
        sqlite3_bind_int64(edit, 1, edits.integer());
        break;
      case 1: {
        const std::int64_t bits = edits.integer();
        double value = 0;
        std::memcpy(&value, &bits, sizeof value);
        sqlite3_bind_double(edit, 1, value);
        break;
      }
      case 2:
        sqlite3_bind_null(edit, 1);
        break;
      case 3:
        sqlite3_bind_int(edit, 1, static_cast<int>(edits.byte()) - 128);
        break;
      case 4: {
        const auto value = edits.text(edits.byte());
        sqlite3_bind_blob(edit, 1, value.data(), static_cast<int>(value.size()), SQLITE_TRANSIENT);
        break;
      }
      default: {
        const auto value = edits.text(edits.byte());
        sqlite3_bind_text(edit, 1, value.data(), static_cast<int>(value.size()), SQLITE_TRANSIENT);
      }
    }
    sqlite3_step(edit);  // refused where a column may not be null or must be unique
    sqlite3_reset(edit);
  }

  sqlite3* handle_ = nullptr;
  std::unique_ptr<ResultsFile> results_;
  std::vector<sqlite3_stmt*> edits_;
};

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  lstmbench::SqliteMemory::install();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static SoundFile sound;
  // Writing takes two thirds of the time, and asks nothing of what it writes: one input of eight.
  const bool writes_json = std::accumulate(data, data + size, 0u) % 8 == 0;
  try {
    sound.read_with({data, size}, writes_json);
  } catch (const lstmbench::StorageError&) {
  }
  return 0;
}
