// The version of a results file's tables, and bringing a file to the newest (migrations.h holds the steps).
#pragma once

#include "store/database.h"

namespace lstmbench {

// The version that this program writes.
int schema_version();
// The file's version. Throws StorageError for a file of another program, or of a version that is not known.
int file_version(Database& database);
// Makes the tables in an empty file; migrates one of an older version, all steps in one transaction. Throws
// StorageError as file_version() does.
void bring_up_to_date(Database& database);

}  // namespace lstmbench
