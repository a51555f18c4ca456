// Reads comma-separated values record by record (RFC 4180; line ends may be LF alone, a UTF-8 mark in front
// is skipped).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lstmbench {

class CsvReader {
 public:
  // The text must outlive the reader.
  explicit CsvReader(std::string_view text);

  // The next record's fields; false at the end. Empty lines are skipped. Throws std::invalid_argument that
  // says what is wrong with the record at line().
  bool next(std::vector<std::string>& fields);
  // Of the last record's start, from 1.
  int line() const { return record_line_; }

 private:
  std::string quoted_field();
  std::string plain_field();

  std::string_view text_;
  std::size_t position_ = 0;
  int line_ = 1;
  int record_line_ = 0;
};

}  // namespace lstmbench
