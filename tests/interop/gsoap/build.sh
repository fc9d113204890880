#!/bin/sh
# Builds a gSOAP program: build.sh <folder with NAME.wsdl> [NAME [PROGRAM]] ; it is <folder>/PROGRAM.
# NAME is phonebook and PROGRAM client unless they are given; the source is PROGRAM.c.
#
# The WSDL and its schema lie there already: wsdl2h checks no certificate, so it is not let near the network.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
share=${GSOAP_SHARE:-/usr/share/gsoap}
cd "$1"
name=${2:-phonebook}
program=${3:-client}
wsdl2h -c -L -t "$here/typemap.dat" -o types.h "$name.wsdl"
{ echo '#import "wsse.h"'; cat types.h; } > "$name.h"
soapcpp2 -c -C -L -x -w -I"$share/import" "$name.h"
flags="-O0 -w $(pkg-config --cflags gsoapssl) -I. -I$share/plugin -I$share"
for source in soapC.c soapClient.c "$here/$program.c" \
    "$share/plugin/wsseapi.c" "$share/plugin/smdevp.c" "$share/plugin/mecevp.c" "$share/plugin/threads.c" \
    "$share/custom/struct_timeval.c"; do
    ${CC:-cc} $flags -c "$source" -o "$(basename "$source" .c).o" &
    compilers="${compilers:-} $!"
done
for compiler in $compilers; do wait "$compiler"; done
${CC:-cc} *.o -o "$program" $(pkg-config --libs gsoapssl) -lssl -lcrypto -lz -lpthread
