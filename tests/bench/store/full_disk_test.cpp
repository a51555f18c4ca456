// A disk that is full, or fails, at any write: what was committed stays, and the message says what to do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <vector>

#include "bench/store/stored_example.h"
#include "temporary_directory.h"

namespace lstmbench {
namespace {

// SQLite's own files, but for the writes and synchronisations after the first `writes_left`.
struct FaultyDisk {
  sqlite3_vfs vfs{};
  sqlite3_vfs* real = nullptr;
  // The file itself and its journal have different ones: only the file is locked.
  sqlite3_io_methods methods_of_file{}, methods_of_journal{};
  const sqlite3_io_methods* real_methods = nullptr;
  int writes_left = 1 << 30;
  int error = SQLITE_FULL;

  int spend() { return writes_left-- > 0 ? SQLITE_OK : error; }
};

FaultyDisk disk;  // SQLite's callbacks know nothing but the file

int write(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 offset) {
  const int result = disk.spend();
  return result == SQLITE_OK ? disk.real_methods->xWrite(file, bytes, count, offset) : result;
}

int synchronise(sqlite3_file* file, int flags) {
  const int result = disk.spend();
  return result == SQLITE_OK ? disk.real_methods->xSync(file, flags) : SQLITE_IOERR_FSYNC;
}

int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  const int result = disk.real->xOpen(disk.real, name, file, flags, out_flags);
  if (result != SQLITE_OK || !file->pMethods) return result;
  disk.real_methods = file->pMethods;
  sqlite3_io_methods& methods = flags & SQLITE_OPEN_MAIN_DB ? disk.methods_of_file : disk.methods_of_journal;
  methods = *file->pMethods;
  methods.xWrite = write;
  methods.xSync = synchronise;
  file->pMethods = &methods;
  return result;
}

class FullDiskTest : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    disk.real = sqlite3_vfs_find(nullptr);
    disk.vfs = *disk.real;
    disk.vfs.zName = "faulty";
    disk.vfs.xOpen = open;
    disk.error = GetParam();
    disk.writes_left = 1 << 30;
    sqlite3_vfs_register(&disk.vfs, 1);
  }
  void TearDown() override {
    sqlite3_vfs_unregister(&disk.vfs);
    sqlite3_vfs_register(disk.real, 1);
  }

  // In memory where that can be had: thousands of synchronisations take a minute on a slow disk.
  static std::filesystem::path fast_folder() {
    return access("/dev/shm", W_OK) == 0 ? "/dev/shm" : std::filesystem::temp_directory_path();
  }

  TemporaryDirectory folder_{fast_folder()};
  std::filesystem::path path_ = folder_.path() / "results.db";
};

// Rounds that are on the disk whole, and measurements of the one that is not.
std::pair<int, int> stored(const std::filesystem::path& path) {
  auto file = ResultsFile::open_for_reading(path);
  const auto latest = file.latest_run();
  if (!latest) return {0, 0};
  const StoredRun run = file.load_run(*latest);
  int whole = 0;
  for (const auto& [number, round] : run.rounds) whole += round.is_complete;
  int measurements = 0;
  for (const auto& a_case : run.cases) {
    measurements += static_cast<int>(a_case.rounds.size());
    for (const auto& [number, round] : a_case.rounds)
      EXPECT_FALSE(round.samples.empty()) << "half a measurement";
  }
  return {whole, measurements};
}

TEST_P(FullDiskTest, WhatWasCommittedStaysWhereverItFails) {
  int failures = 0;
  for (int writes = 0;; ++writes) {
    std::filesystem::remove(path_);
    std::filesystem::remove(path_.string() + "-journal");
    auto file = ResultsFile::open_for_writing(path_);
    int rounds = 0, measurements = 0;
    std::string message;
    disk.writes_left = writes;
    try {
      const auto run_id = begin_example(file);  // two rounds, three measurements
      rounds = 2;
      measurements = 3;
      const auto good = file.load_run(run_id).cases[0].id;
      file.open_round(run_id, 3, {good}, {});
      file.record_case_round(run_id, 3, example_case_round(good, 1));
      ++measurements;
      file.close_round(run_id, 3);
      ++rounds;
    } catch (const StorageError& error) {
      message = error.what();
    }
    disk.writes_left = 1 << 30;
    if (message.empty()) break;
    ++failures;
    EXPECT_THAT(message, ::testing::HasSubstr("--results"));
    if (rounds == 0) continue;  // the example itself was not finished
    const auto [whole, measured] = stored(path_);
    EXPECT_GE(whole, rounds) << "write " << writes;
    EXPECT_GE(measured, measurements) << "write " << writes;
  }
  EXPECT_GT(failures, 20);
  EXPECT_EQ(stored(path_), std::pair(3, 4));
}

// Opening proves by writing that there is room.
TEST_P(FullDiskTest, AFileThatCannotBeWrittenIsNotOpened) {
  for (const int writes : {0, 1, 2, 5, 20, 100}) {
    disk.writes_left = writes;
    EXPECT_THROW(ResultsFile::open_for_writing(path_), StorageError) << writes;
    disk.writes_left = 1 << 30;
    std::filesystem::remove(path_);
    std::filesystem::remove(path_.string() + "-journal");
  }
}

INSTANTIATE_TEST_SUITE_P(Errors, FullDiskTest, ::testing::Values(SQLITE_FULL, SQLITE_IOERR_WRITE),
                         [](const auto& error) { return error.param == SQLITE_FULL ? "Full" : "Failing"; });

}  // namespace
}  // namespace lstmbench
