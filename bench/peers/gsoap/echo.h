/* The echo of the lab service, for soapcpp2: document style, literal, the payload's element by itself in the Body. */
#import "wsse.h"

//gsoap lab schema namespace: urn:ims-gateway:lab
//gsoap lab schema form: qualified
struct lab__Work {
    unsigned int *milliseconds 0;
    char *text 0;
};

//gsoap svc schema namespace: urn:ims-gateway:lab:service
//gsoap svc service name: Lab
//gsoap svc service style: document
//gsoap svc service encoding: literal
struct __svc__EchoResponse {
    struct lab__Work *lab__echo;
};
//gsoap svc service method-action: Echo ""
int __svc__Echo(struct lab__Work *lab__echo, struct __svc__EchoResponse *);
