#!/bin/sh
# Builds the gSOAP client: build.sh <folder with phonebook.wsdl> ; the program is <folder>/client.
#
# The WSDL and its schema lie there already: wsdl2h checks no certificate, so it is not let near the network.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
share=${GSOAP_SHARE:-/usr/share/gsoap}
cd "$1"
wsdl2h -c -L -t "$here/typemap.dat" -o types.h phonebook.wsdl
{ echo '#import "wsse.h"'; cat types.h; } > phonebook.h
soapcpp2 -c -C -L -x -w -I"$share/import" phonebook.h
flags="-O0 -w $(pkg-config --cflags gsoapssl) -I. -I$share/plugin -I$share"
for source in soapC.c soapClient.c "$here/client.c" \
    "$share/plugin/wsseapi.c" "$share/plugin/smdevp.c" "$share/plugin/mecevp.c" "$share/plugin/threads.c" \
    "$share/custom/struct_timeval.c"; do
    ${CC:-cc} $flags -c "$source" -o "$(basename "$source" .c).o" &
    compilers="${compilers:-} $!"
done
for compiler in $compilers; do wait "$compiler"; done
${CC:-cc} *.o -o client $(pkg-config --libs gsoapssl) -lssl -lcrypto -lz -lpthread
