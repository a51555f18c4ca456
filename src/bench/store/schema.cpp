#include "store/schema.h"

#include <fmt/format.h>

#include "store/migrations.h"

namespace lstmbench {
namespace {

// "lstm" in ASCII: says that an SQLite file is ours.
constexpr int application_id = 0x6c73746d;

std::int64_t number_of(Database& database, const std::string& query) {
  Statement statement(database, query);
  statement.step();
  return statement.integer(0);
}

bool is_empty(Database& database) {
  return number_of(database, "SELECT count(*) FROM sqlite_master") == 0;
}

// Runs the steps from the version that the file has once nobody else can change it.
void migrate(Database& database) {
  database.execute("PRAGMA foreign_keys = OFF");  // has no effect inside a transaction
  {
    Transaction transaction(database);
    const auto steps = migration_steps();
    const auto from = is_empty(database) ? 0 : file_version(database);
    for (auto version = from; version < schema_version(); ++version)
      database.execute(steps[static_cast<std::size_t>(version)]);
    if (Statement(database, "PRAGMA foreign_key_check").step())
      throw StorageError(
          fmt::format("results file '{}' of schema version {} cannot be brought to version {}: rows of it "
                      "refer to rows that "
                      "are not there; name another file with --results",
                      database.path().string(), from, schema_version()));
    database.execute(fmt::format("PRAGMA application_id = {}", application_id));
    database.execute(fmt::format("PRAGMA user_version = {}", schema_version()));
    transaction.commit();
  }
  database.execute("PRAGMA foreign_keys = ON");
}

}  // namespace

int schema_version() {
  return static_cast<int>(migration_steps().size());
}

int file_version(Database& database) {
  const auto version = number_of(database, "PRAGMA user_version");
  if (number_of(database, "PRAGMA application_id") != application_id)
    throw StorageError(
        fmt::format("results file '{}' is an SQLite database of another program; name another file with "
                    "--results",
                    database.path().string()));
  if (version < 1 || version > schema_version())
    throw StorageError(fmt::format(
        "results file '{}' has schema version {}, this program knows 1 to {}; use the lstmbench that "
        "wrote it, or name another file with --results",
        database.path().string(), version, schema_version()));
  return static_cast<int>(version);
}

void bring_up_to_date(Database& database) {
  if (is_empty(database) || file_version(database) < schema_version()) migrate(database);
}

}  // namespace lstmbench
