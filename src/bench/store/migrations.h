// How a results file of any version becomes one of this version.
#pragma once

#include <span>

namespace lstmbench {

// SQL scripts; step i takes a file from version i to i + 1, and the first makes the tables in an empty file.
// To change the schema, add a step at the end. A step runs inside a transaction, with foreign keys off, so
// that a table can be made anew; they are checked before it is committed.
std::span<const char* const> migration_steps();

}  // namespace lstmbench
