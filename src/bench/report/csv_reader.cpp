#include "report/csv_reader.h"

#include <algorithm>
#include <stdexcept>

namespace lstmbench {

CsvReader::CsvReader(std::string_view text) : text_(text) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (text_.substr(0, 3) == byte_order_mark) position_ = 3;
}

bool CsvReader::next(std::vector<std::string>& fields) {
  fields.clear();
  while (position_ < text_.size() && (text_[position_] == '\n' || text_[position_] == '\r'))
    line_ += text_[position_++] == '\n';
  if (position_ == text_.size()) return false;
  record_line_ = line_;
  while (true) {
    const bool is_quoted = position_ < text_.size() && text_[position_] == '"';
    fields.push_back(is_quoted ? quoted_field() : plain_field());
    if (position_ == text_.size()) return true;
    const char end = text_[position_++];
    if (end == ',') continue;
    if (end == '\r' && position_ < text_.size() && text_[position_] == '\n') ++position_;
    ++line_;
    return true;
  }
}

std::string CsvReader::quoted_field() {
  std::string field;
  for (++position_; position_ < text_.size(); ++position_) {
    const char character = text_[position_];
    if (character == '"') {
      ++position_;
      if (position_ == text_.size() || text_[position_] != '"') {
        if (position_ < text_.size() &&
            std::string_view(",\r\n").find(text_[position_]) == std::string_view::npos)
          throw std::invalid_argument("text follows a closing quotation mark");
        return field;
      }
    }
    line_ += character == '\n';
    field += character;
  }
  throw std::invalid_argument("a quotation mark is never closed");
}

std::string CsvReader::plain_field() {
  const std::size_t end = std::min(text_.find_first_of(",\r\n", position_), text_.size());
  std::string field(text_.substr(position_, end - position_));
  position_ = end;
  return field;
}

}  // namespace lstmbench
