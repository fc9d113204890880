#!/bin/sh
# Builds the gSOAP server: build.sh <folder>; it is <folder>/server.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
share=${GSOAP_SHARE:-/usr/share/gsoap}
mkdir -p "$1"
cd "$1"
soapcpp2 -c -S -L -x -w -I"$share/import" "$here/echo.h"
flags="-O2 -w $(pkg-config --cflags gsoapssl) -I. -I$share/plugin -I$share"
for source in soapC.c soapServer.c "$here/server.c" \
    "$share/plugin/wsseapi.c" "$share/plugin/smdevp.c" "$share/plugin/mecevp.c" "$share/plugin/threads.c" \
    "$share/custom/struct_timeval.c"; do
    ${CC:-cc} $flags -c "$source" -o "$(basename "$source" .c).o"
done
${CC:-cc} ./*.o -o server $(pkg-config --libs gsoapssl) -lssl -lcrypto -lz -lpthread
