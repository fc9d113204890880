#!/bin/sh
# Builds the gSOAP server from the contracts: build.sh <folder with server.c and *.wsdl>; it is <folder>/server.
set -eu
share=${GSOAP_SHARE:-/usr/share/gsoap}
cd "$1"
wsdl2h -c -L -t typemap.dat -o types.h ./*.wsdl
{ echo '#import "wsse.h"'; echo '#import "wsa5.h"'; cat types.h; } > lab.h
soapcpp2 -c -S -L -x -w -I"$share/import" lab.h
flags="-O0 -w $(pkg-config --cflags gsoapssl) -I. -I$share/plugin -I$share"
for source in soapC.c soapServer.c server.c \
    "$share/plugin/wsseapi.c" "$share/plugin/wsaapi.c" "$share/plugin/smdevp.c" "$share/plugin/mecevp.c" "$share/plugin/threads.c" \
    "$share/custom/struct_timeval.c"; do
    ${CC:-cc} $flags -c "$source" -o "$(basename "$source" .c).o" &
    compilers="${compilers:-} $!"
done
for compiler in $compilers; do wait "$compiler"; done
${CC:-cc} *.o -o server $(pkg-config --libs gsoapssl) -lssl -lcrypto -lz -lpthread
