/* A gSOAP server that verifies with its wsse plugin, and echoes.
 *
 * usage: server <port> <ca.pem> <sender.pem> <server key and certificate, or - for HTTP> <audience> <user> <password>
 *
 * The last part of the path says what is asked of a message: PlainPort nothing, UserPort a UsernameToken with the
 * user's password, OnePort an assertion that the one sender signed, ManyPort one that anybody signed whose certificate
 * the authority issued. A signature has to cover Body, Timestamp and assertion. A thread serves a connection.
 */
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "Lab.nsmap"
#include "soapH.h"
#include "wsseapi.h"

static const char WSU[] = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
static const char *authority, *audience, *user, *password;
static unsigned char *pinned;
static int pinned_size;
static int (*parse_http)(struct soap *);

static int at(struct soap *soap, const char *port) {
    const char *last = strrchr(soap->path, '/');
    return last && !strcmp(last + 1, port);
}

static int is_signed(struct soap *soap) {
    return at(soap, "OnePort") || at(soap, "ManyPort");
}

/* Only when the path is known is it known whether a signature has to be verified. */
static int on_http(struct soap *soap) {
    int error = parse_http(soap);
    soap_wsse_verify_done(soap);
    soap->mode &= ~SOAP_XML_DOM;
    if (!error && is_signed(soap)) {
        soap_wsse_verify_auto(soap, SOAP_SMD_NONE, NULL, 0);
        soap->mode |= SOAP_XML_DOM;
    }
    return error;
}

static int refuse(struct soap *soap, const char *why) {
    return soap_sender_fault(soap, why, NULL);
}

/* The plugin counts only ids named wsu:Id and ds:Id among what is signed; that of an assertion is its own. */
static int covers(struct soap *soap, const char *id) {
    struct ds__SignatureType *signature = soap_wsse_Security(soap)->ds__Signature;
    for (int i = 0; id && i < signature->SignedInfo->__sizeReference; i++) {
        const char *target = signature->SignedInfo->Reference[i]->URI;
        if (target && *target == '#' && !strcmp(target + 1, id))
            return 1;
    }
    return 0;
}

static int by_the_one_sender(struct soap *soap) {
    char *type;
    unsigned char *data;
    int size;
    if (soap_wsse_get_BinarySecurityToken(soap, NULL, &type, &data, &size))
        return 0;
    return size == pinned_size && !memcmp(data, pinned, (size_t)size);
}

static int in_force(const struct saml2__ConditionsType *conditions) {
    struct timeval now;
    gettimeofday(&now, NULL);
    if (!conditions || !conditions->NotBefore || !conditions->NotOnOrAfter)
        return 0;
    return conditions->NotBefore->tv_sec <= now.tv_sec && now.tv_sec < conditions->NotOnOrAfter->tv_sec;
}

static int for_us(const struct saml2__ConditionsType *conditions) {
    for (int i = 0; i < conditions->__size_ConditionsType; i++) {
        struct saml2__AudienceRestrictionType *wanted =
            conditions->__union_ConditionsType[i].saml2__AudienceRestriction;
        for (int j = 0; wanted && j < wanted->__sizeAudience; j++)
            if (!strcmp(wanted->saml2__Audience[j], audience))
                return 1;
    }
    return 0;
}

static int vouched(struct soap *soap) {
    saml2__AssertionType *assertion = soap_wsse_get_saml2(soap);
    if (!soap_wsse_Timestamp(soap) || soap_wsse_verify_Timestamp(soap))
        return refuse(soap, "no Timestamp that is in force");
    if (soap_wsse_verify_body(soap) || soap_wsse_verify_element(soap, WSU, "Timestamp") != 1)
        return refuse(soap, "Body or Timestamp is not signed");
    if (!assertion || !covers(soap, assertion->ID))
        return refuse(soap, "no assertion that is signed");
    if (!in_force(assertion->saml2__Conditions) || !for_us(assertion->saml2__Conditions))
        return refuse(soap, "the assertion is not for now, or not for us");
    if (!assertion->saml2__Subject || !assertion->saml2__Subject->saml2__NameID)
        return refuse(soap, "the assertion names nobody");
    return at(soap, "OnePort") && !by_the_one_sender(soap) ? refuse(soap, "not the sender") : SOAP_OK;
}

static int known(struct soap *soap) {
    const char *name = soap_wsse_get_Username(soap);
    if (!name || strcmp(name, user) || soap_wsse_verify_Password(soap, password))
        return refuse(soap, "not the user, or not the password");
    return SOAP_OK;
}

int __svc__Echo(struct soap *soap, struct lab__Work *work, struct __svc__EchoResponse *answer) {
    int error = SOAP_OK;
    if (is_signed(soap))
        error = vouched(soap);
    else if (at(soap, "UserPort"))
        error = known(soap);
    else if (!at(soap, "PlainPort"))
        error = refuse(soap, "no such service");
    answer->lab__echo = work;
    soap_wsse_delete_Security(soap);
    return error;
}

/* -- serving ------------------------------------------------------------------------------------------------------ */

static void *serve(void *given) {
    struct soap *soap = given;
    pthread_detach(pthread_self());
    if (!soap->ctx || !soap_ssl_accept(soap))
        soap_serve(soap);
    soap_destroy(soap);
    soap_end(soap);
    soap_free(soap);
    return NULL;
}

static void pin(const char *path) {
    FILE *file = fopen(path, "r");
    X509 *certificate = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
    if (!certificate)
        exit(2);
    fclose(file);
    pinned_size = i2d_X509(certificate, &pinned);
}

static struct soap *prepared(const char *tls) {
    struct soap *soap = soap_new1(SOAP_C_UTFSTRING | SOAP_IO_KEEPALIVE | SOAP_IO_STORE | SOAP_XML_STRICT);
    soap_ssl_init();
    if (strcmp(tls, "-") && soap_ssl_server_context(soap, SOAP_SSL_DEFAULT, tls, NULL, NULL, NULL, NULL, NULL, NULL)) {
        soap_print_fault(soap, stderr);
        exit(2);
    }
    soap_register_plugin(soap, soap_wsse);
    soap->cafile = authority;
    soap->max_keep_alive = 0; /* a connection may stay for any number of messages */
    soap->bind_flags = SO_REUSEADDR;
    parse_http = soap->fparse;
    soap->fparse = on_http;
    return soap;
}

int main(int argc, char **argv) {
    if (argc != 8)
        return 2;
    signal(SIGPIPE, SIG_IGN);
    authority = argv[2];
    pin(argv[3]);
    audience = argv[5];
    user = argv[6];
    password = argv[7];
    struct soap *soap = prepared(argv[4]);
    if (!soap_valid_socket(soap_bind(soap, "127.0.0.1", atoi(argv[1]), 100))) {
        soap_print_fault(soap, stderr);
        return 1;
    }
    for (;;) {
        pthread_t thread;
        if (soap_valid_socket(soap_accept(soap)))
            pthread_create(&thread, NULL, serve, soap_copy(soap));
    }
}
