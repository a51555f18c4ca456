// A results file from elsewhere, or a damaged one: read, judged and reported, or refused.
//
// An input is a whole file, or a list of edits: values of any kind put into the tables of a sound file.
// SQLite itself is not what is tested: edits reach what reads its rows, however wrong, without its finding
// each file malformed first.
#include <sqlite3.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "bench/store/stored_example.h"
#include "fuzz/file_in_memory.h"
#include "report/json.h"
#include "report/model.h"
#include "store/results_file.h"
#include "store/schema.h"

namespace {

using lstmbench::Database;
using lstmbench::ResultsFile;

void read_latest(ResultsFile& results) {
  if (const auto latest = results.latest_run())
    lstmbench::render_json(lstmbench::build_report(results.load_run(*latest)));
}

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
    lstmbench::bring_up_to_date(database);
    // Only what a table's definition cannot but refuse stays out.
    database.execute("PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF");
    results_ = std::make_unique<ResultsFile>(std::move(database));
    lstmbench::store_example(*results_);
    prepare_edits();
  }
  ~SoundFile() {
    for (sqlite3_stmt* edit : edits_) sqlite3_finalize(edit);
  }

  void read_with(Bytes edits) {
    const auto change = results_->begin_transaction();  // undone at the end
    while (!edits.is_empty()) apply_one(edits);
    read_latest(*results_);
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
      // All rows, or one of them: a table without row ids has the second statement refused.
      edits_.push_back(prepared("UPDATE " + table + " SET " + column + " = ?1 WHERE ?2 = ?2"));
      if (sqlite3_stmt* one = prepared("UPDATE " + table + " SET " + column + " = ?1 WHERE rowid = ?2"))
        edits_.push_back(one);
    }
    sqlite3_finalize(columns);
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

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::string_view magic = "SQLite format 3";
  try {
    if (size >= magic.size() && std::memcmp(data, magic.data(), magic.size()) == 0) {
      static lstmbench::FileInMemory file;
      file.show(data, size);
      auto results = ResultsFile::open_for_reading(file.path());
      read_latest(results);
    } else {
      static SoundFile sound;
      sound.read_with({data, size});
    }
  } catch (const lstmbench::StorageError&) {
  }
  return 0;
}
