#!/bin/sh
# pkg_config.sh PKG_CONFIG FOLDER COMPILER SOURCE PROGRAM: builds and runs SOURCE with what FOLDER/lstm.pc says.
set -eu
if [ -z "$1" ] || [ "$1" = PKG_CONFIG_PROGRAM-NOTFOUND ]; then
  echo "skipped: needs pkg-config"
  exit 77
fi
PKG_CONFIG_PATH=$2
export PKG_CONFIG_PATH
# shellcheck disable=SC2046  # flags are words
"$3" -std=c++20 $("$1" --cflags lstm) "$4" -o "$5" $("$1" --libs lstm)
"$5"
