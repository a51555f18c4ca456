#!/bin/sh
# pkg_config.sh PKG_CONFIG FOLDER COMPILER SOURCE PROGRAM: builds and runs SOURCE, or the C++ in a page of Markdown, with what
# FOLDER/lstm.pc says.
set -eu
if [ -z "$1" ] || [ "$1" = PKG_CONFIG_PROGRAM-NOTFOUND ]; then
  echo "skipped: needs pkg-config"
  exit 77
fi
PKG_CONFIG_PATH=$2
export PKG_CONFIG_PATH
source=$4
case $source in
  *.md)
    source=$5.cpp
    awk '/^```/ { is_cpp = $0 == "```cpp"; next } is_cpp' "$4" >"$source"
    ;;
esac
# shellcheck disable=SC2046  # flags are words
"$3" -std=c++20 -Wall -Wextra -Werror $("$1" --cflags lstm) "$source" -o "$5" $("$1" --libs lstm)
"$5"
