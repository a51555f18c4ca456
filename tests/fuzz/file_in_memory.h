// Lets SQLite read an input as a file, without any: what a file system costs is most of the time of a small
// one.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>

namespace lstmbench {

// While one lives, every file that SQLite is asked to open for reading is the input that was shown last.
class FileInMemory {
 public:
  FileInMemory() {
    sqlite3_vfs* real = sqlite3_vfs_find(nullptr);
    system_ = *real;
    system_.zName = "input";
    system_.szOsFile = sizeof(sqlite3_file);
    system_.xOpen = open;
    system_.xAccess = [](sqlite3_vfs*, const char*, int, int* result) { return *result = 0, SQLITE_OK; };
    system_.xDelete = [](sqlite3_vfs*, const char*, int) { return SQLITE_OK; };
    if (sqlite3_vfs_register(&system_, 1) != SQLITE_OK) abort();
  }
  FileInMemory(const FileInMemory&) = delete;
  FileInMemory& operator=(const FileInMemory&) = delete;

  void show(const std::uint8_t* data, std::size_t size) const {
    input = {reinterpret_cast<const char*>(data), size};
  }
  // Of something that exists.
  std::filesystem::path path() const { return "/dev/null"; }

 private:
  static int open(sqlite3_vfs*, const char*, sqlite3_file* file, int flags, int* out_flags) {
    static const sqlite3_io_methods methods = reading();
    file->pMethods = nullptr;
    if (!(flags & SQLITE_OPEN_MAIN_DB)) return SQLITE_CANTOPEN;
    file->pMethods = &methods;
    if (out_flags) *out_flags = (flags & ~SQLITE_OPEN_READWRITE) | SQLITE_OPEN_READONLY;
    return SQLITE_OK;
  }

  static sqlite3_io_methods reading() {
    sqlite3_io_methods methods{};
    methods.iVersion = 1;
    methods.xClose = [](sqlite3_file*) { return SQLITE_OK; };
    methods.xRead = [](sqlite3_file*, void* to, int count, sqlite3_int64 offset) {
      std::memset(to, 0, static_cast<std::size_t>(count));
      if (offset >= static_cast<sqlite3_int64>(input.size())) return SQLITE_IOERR_SHORT_READ;
      const auto rest = input.substr(static_cast<std::size_t>(offset), static_cast<std::size_t>(count));
      std::memcpy(to, rest.data(), rest.size());
      return rest.size() < static_cast<std::size_t>(count) ? SQLITE_IOERR_SHORT_READ : SQLITE_OK;
    };
    methods.xWrite = [](sqlite3_file*, const void*, int, sqlite3_int64) { return SQLITE_READONLY; };
    methods.xTruncate = [](sqlite3_file*, sqlite3_int64) { return SQLITE_READONLY; };
    methods.xSync = [](sqlite3_file*, int) { return SQLITE_OK; };
    methods.xFileSize = [](sqlite3_file*, sqlite3_int64* size) {
      return *size = static_cast<sqlite3_int64>(input.size()), SQLITE_OK;
    };
    methods.xLock = methods.xUnlock = [](sqlite3_file*, int) { return SQLITE_OK; };
    methods.xCheckReservedLock = [](sqlite3_file*, int* result) { return *result = 0, SQLITE_OK; };
    methods.xFileControl = [](sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; };
    methods.xSectorSize = [](sqlite3_file*) { return 4096; };
    methods.xDeviceCharacteristics = [](sqlite3_file*) { return 0; };
    return methods;
  }

  static inline std::string_view input;
  sqlite3_vfs system_{};
};

}  // namespace lstmbench
