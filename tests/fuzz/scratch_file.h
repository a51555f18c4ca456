// A file for inputs that are read by name, in memory where that can be had.
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>

namespace lstmbench {

class ScratchFile {
 public:
  ScratchFile() {
    std::string name =
        access("/dev/shm", W_OK) == 0 ? "/dev/shm/lstmbench-fuzz-XXXXXX" : "/tmp/lstmbench-fuzz-XXXXXX";
    const int descriptor = mkstemp(name.data());
    if (descriptor < 0) abort();
    close(descriptor);
    path_ = name;
  }
  ~ScratchFile() { unlink(path_.c_str()); }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  void write(const std::uint8_t* data, std::size_t size) const {
    FILE* file = fopen(path_.c_str(), "wb");
    if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0) abort();
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace lstmbench
