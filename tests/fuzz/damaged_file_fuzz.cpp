// A file from elsewhere, or a damaged one: read, migrated where it is of an older version, and reported, or
// refused. Mostly it is SQLite that refuses; results_file_fuzz reaches what reads its rows.
#include <cstdint>

#include "fuzz/file_in_memory.h"
#include "fuzz/read_and_report.h"
#include "fuzz/sqlite_memory.h"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  lstmbench::SqliteMemory::install();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static lstmbench::FileInMemory file;
  file.show(data, size);
  const int before = lstmbench::SqliteMemory::blocks_in_use();
  try {
    auto results = lstmbench::ResultsFile::open_for_reading(file.path());
    lstmbench::read_and_report(results, true);
  } catch (const lstmbench::StorageError&) {
  }
  if (lstmbench::SqliteMemory::blocks_in_use() != before) __builtin_trap();  // a leak
  return 0;
}
