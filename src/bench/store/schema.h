// The tables of a results file and their version.
#pragma once

#include "store/database.h"

namespace lstmbench {

constexpr int schema_version = 1;

// Creates the tables in an empty file. Throws StorageError for a file of another program or of a newer
// version.
void create_schema(Database& database);
// Throws StorageError unless the file has this version.
void require_schema(Database& database);

}  // namespace lstmbench
