/* The services by gSOAP over TLS with OpenSSL: server KEY CLIENTS SIGHTS
 *
 * KEY: PEM file with key and certificate; CLIENTS: authorities of client certificates; SIGHTS: file that gets a line
 * of JSON for each call. Prints the ports as JSON, ends when its standard input does. An address is /POLICY/SERVICE;
 * gSOAP tells services apart by the body alone.
 */
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "soapH.h"
#include "RatingBinding.nsmap"
#include "wsseapi.h"

#define USER "gw"
#define PASSWORD "partner-secret"
#define TOKEN_PASSWORD "token-secret"
#define ISSUER "ims-gateway"
#define VOUCHES_11 "urn:oasis:names:tc:SAML:1.0:cm:sender-vouches"
#define VOUCHES_20 "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"

static FILE *sights;
static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;

/* ---- JSON */

static void put_text(FILE *out, const char *text) {
    if (!text) {
        fputs("null", out);
        return;
    }
    fputc('"', out);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c < 0x20)
            fprintf(out, "\\u%04x", c);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

static void put_pair(FILE *out, const char *name, const char *text) {
    fprintf(out, ", \"%s\": ", name);
    put_text(out, text);
}

/* ---- what came */

struct saml {
    const char *version, *name, *method, *issuer, *audience;
    int valid;
    long lifetime;
};

static void times(struct saml *saml, struct timeval *begin, struct timeval *end) {
    time_t now = time(NULL);
    saml->valid = begin && end && begin->tv_sec <= now && now < end->tv_sec;
    saml->lifetime = end ? (long)(end->tv_sec - now) : 0;
}

static int saml_of_11(struct soap *soap, struct saml *saml) {
    saml1__AssertionType *found = soap_wsse_get_saml1(soap);
    struct saml1__SubjectType *subject = NULL;
    int i;
    if (!found)
        return 0;
    saml->version = found->MajorVersion && !strcmp(found->MajorVersion, "1") && found->MinorVersion &&
                            !strcmp(found->MinorVersion, "1") ? "1.1" : "?";
    saml->issuer = found->Issuer;
    for (i = 0; i < found->__size_AssertionType; i++) {
        struct __saml1__union_AssertionType *statement = found->__union_AssertionType + i;
        if (statement->saml1__AuthenticationStatement)
            subject = statement->saml1__AuthenticationStatement->saml1__Subject;
        else if (statement->saml1__AttributeStatement)
            subject = statement->saml1__AttributeStatement->saml1__Subject;
    }
    if (subject && subject->saml1__NameIdentifier)
        saml->name = subject->saml1__NameIdentifier->__item;
    if (subject && subject->saml1__SubjectConfirmation &&
        subject->saml1__SubjectConfirmation->__sizeConfirmationMethod == 1)
        saml->method = *subject->saml1__SubjectConfirmation->saml1__ConfirmationMethod;
    if (found->saml1__Conditions) {
        times(saml, found->saml1__Conditions->NotBefore, found->saml1__Conditions->NotOnOrAfter);
        if (found->saml1__Conditions->__size_ConditionsType &&
            found->saml1__Conditions->__union_ConditionsType->saml1__AudienceRestrictionCondition)
            saml->audience =
                *found->saml1__Conditions->__union_ConditionsType->saml1__AudienceRestrictionCondition->saml1__Audience;
    }
    return 1;
}

static int saml_of_20(struct soap *soap, struct saml *saml) {
    saml2__AssertionType *found = soap_wsse_get_saml2(soap);
    if (!found)
        return 0;
    saml->version = found->Version;
    if (found->saml2__Issuer)
        saml->issuer = found->saml2__Issuer->__item;
    if (found->saml2__Subject && found->saml2__Subject->saml2__NameID)
        saml->name = found->saml2__Subject->saml2__NameID->__item;
    if (found->saml2__Subject && found->saml2__Subject->__sizeSubjectConfirmation == 1)
        saml->method = found->saml2__Subject->saml2__SubjectConfirmation->Method;
    else if (found->saml2__Subject && found->saml2__Subject->__sizeSubjectConfirmation_ == 1)
        saml->method = found->saml2__Subject->saml2__SubjectConfirmation_->Method;
    if (found->saml2__Conditions) {
        times(saml, found->saml2__Conditions->NotBefore, found->saml2__Conditions->NotOnOrAfter);
        if (found->saml2__Conditions->__size_ConditionsType &&
            found->saml2__Conditions->__union_ConditionsType->saml2__AudienceRestriction)
            saml->audience =
                *found->saml2__Conditions->__union_ConditionsType->saml2__AudienceRestriction->saml2__Audience;
    }
    return 1;
}

static const char *certificate_of(struct soap *soap) {
    static const char *none = NULL;
    char name[256] = "";
    X509 *certificate = soap->ssl ? SSL_get1_peer_certificate(soap->ssl) : NULL;
    if (!certificate)
        return none;
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
    X509_free(certificate);
    return soap_strdup(soap, name);
}

static const char *policy_of(struct soap *soap) {
    char *slash, *policy = soap_strdup(soap, soap->path[0] == '/' ? soap->path + 1 : soap->path);
    if ((slash = strchr(policy, '/')))
        *slash = 0;
    return policy;
}

/* ---- the judgement */

struct judged {
    const char *who, *refused;
};

static struct judged refused(const char *why) {
    struct judged judged = {NULL, NULL};
    judged.refused = why;
    return judged;
}

static struct judged by(const char *who) {
    struct judged judged = {NULL, ""};
    judged.who = who;
    return judged;
}

static struct judged judge(struct soap *soap, const char *policy, const char *certificate, struct saml *saml) {
    if (!strcmp(policy, "open"))
        return by(soap->userid ? soap->userid : certificate ? certificate : "nobody");
    if (!strcmp(policy, "basic")) {
        int known = soap->userid && soap->passwd && !strcmp(soap->userid, USER) && !strcmp(soap->passwd, PASSWORD);
        return known ? by(soap->userid) : refused("HTTP Basic");
    }
    if (!strcmp(policy, "username")) {
        const char *user = soap_wsse_get_Username(soap);
        struct _wsse__UsernameToken *token = soap->header && soap->header->wsse__Security
                                                 ? soap->header->wsse__Security->UsernameToken : NULL;
        if (!user || (token->Password && soap_wsse_verify_Password(soap, TOKEN_PASSWORD)))
            return refused("no UsernameToken, or not this password");
        return by(user);
    }
    if (!saml->version || strcmp(saml->version, !strcmp(policy, "saml11") ? "1.1" : "2.0"))
        return refused("no assertion of this version of SAML");
    if (!saml->method || strcmp(saml->method, !strcmp(policy, "saml11") ? VOUCHES_11 : VOUCHES_20) ||
        !saml->issuer || strcmp(saml->issuer, ISSUER) || !saml->valid)
        return refused("the assertion is of another kind, of somebody else, or over");
    if (!certificate)
        return refused("nobody vouches: there is no client certificate");
    return by(saml->name ? saml->name : "");
}

/* Note a call; values: text of JSON. Returns who calls, or NULL with the fault or HTTP status set. */
static const char *received(struct soap *soap, const char *operation, const char *values) {
    const char *policy = policy_of(soap), *certificate = certificate_of(soap);
    struct SOAP_ENV__Header *header = soap->header;
    struct saml saml = {0};
    struct judged judged;
    struct _wsse__UsernameToken *token =
        header && header->wsse__Security ? header->wsse__Security->UsernameToken : NULL;
    if (!saml_of_11(soap, &saml))
        saml_of_20(soap, &saml);
    judged = judge(soap, policy, certificate, &saml);
    pthread_mutex_lock(&writing);
    fputs("{\"stack\": \"gsoap\"", sights);
    put_pair(sights, "policy", policy);
    put_pair(sights, "operation", operation);
    fprintf(sights, ", \"values\": %s", values);
    put_pair(sights, "basic", soap->userid);
    put_pair(sights, "certificate", certificate);
    put_pair(sights, "soap", soap->version == 2 ? "1.2" : "1.1");
    put_pair(sights, "message_id", header ? header->wsa5__MessageID : NULL);
    put_pair(sights, "action", header ? header->wsa5__Action : NULL);
    put_pair(sights, "to", header ? header->wsa5__To : NULL);
    if (saml.version) {
        fputs(", \"saml\": {\"version\": ", sights);
        put_text(sights, saml.version);
        put_pair(sights, "name", saml.name);
        put_pair(sights, "method", saml.method);
        put_pair(sights, "issuer", saml.issuer);
        put_pair(sights, "audience", saml.audience);
        fprintf(sights, ", \"valid\": %s, \"lifetime\": %ld}", saml.valid ? "true" : "false", saml.lifetime);
    } else {
        fputs(", \"saml\": null", sights);
    }
    if (token) {
        fputs(", \"username\": {\"user\": ", sights);
        put_text(sights, token->Username);
        put_pair(sights, "password", token->Password ? token->Password->__item : NULL);
        fputc('}', sights);
    } else {
        fputs(", \"username\": null", sights);
    }
    put_pair(sights, "refused", judged.refused);
    fputs("}\n", sights);
    fflush(sights);
    pthread_mutex_unlock(&writing);
    soap->header = NULL; /* nothing of it goes back */
    if (judged.who)
        return judged.who;
    if (!strcmp(policy, "basic")) {
        soap->authrealm = "lab";
        soap->error = 401;
    } else if (soap->error == SOAP_OK) {
        soap_sender_fault(soap, judged.refused, NULL);
    }
    return NULL;
}

/* ---- the operations */

static const char *values_of(struct soap *soap, const char *customer, int amount) {
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    const char *kept;
    fputs("{\"customer\": ", out);
    put_text(out, customer);
    fprintf(out, ", \"amount\": %d}", amount);
    fclose(out);
    kept = soap_strdup(soap, text);
    free(text);
    return kept;
}

static int rate(struct soap *soap, const char *operation, char *customer, int amount, int *score, char **who) {
    const char *caller = received(soap, operation, values_of(soap, customer, amount));
    if (!caller)
        return soap->error;
    *score = amount % 97;
    *who = soap_strdup(soap, caller);
    return SOAP_OK;
}

int __rt__Rate(struct soap *soap, struct _rt__Rate *in, struct _rt__RateResponse *out) {
    return rate(soap, "Rate", in->customer, in->amount, &out->score, &out->who);
}

int __rt__Rate_(struct soap *soap, struct _rt__Rate *in, struct _rt__RateResponse *out) {
    return __rt__Rate(soap, in, out);
}

int rpc__Rate(struct soap *soap, char *customer, int amount, struct rpc__RateResponse *out) {
    return rate(soap, "RpcRate", customer, amount, &out->score, &out->who);
}

int __rt__Refuse(struct soap *soap, struct _rt__Refuse *in, struct _rt__RefuseResponse *out) {
    char text[512], detail[512];
    if (!received(soap, "Refuse", "{}"))
        return soap->error;
    snprintf(text, sizeof text, "refused: %s", in->reason);
    snprintf(detail, sizeof detail, "<rt:Refused><rt:reason>%s</rt:reason></rt:Refused>", in->reason);
    return soap_sender_fault(soap, soap_strdup(soap, text), soap_strdup(soap, detail));
}

int __rt__Refuse_(struct soap *soap, struct _rt__Refuse *in, struct _rt__RefuseResponse *out) {
    return __rt__Refuse(soap, in, out);
}

int __ev__Post(struct soap *soap, struct _ev__Post *in) {
    char *text = NULL, when[64];
    size_t length;
    struct tm utc;
    FILE *out = open_memstream(&text, &length);
    const char *caller;
    gmtime_r(&in->time, &utc);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
    fputs("{\"id\": ", out);
    put_text(out, in->id);
    put_pair(out, "time", when);
    put_pair(out, "text", in->text);
    fputc('}', out);
    fclose(out);
    caller = received(soap, "Post", text);
    free(text);
    return caller ? soap_send_empty_response(soap, 202) : soap->error;
}

/* A fault that somebody sends as a request, which wsa5.h provides for. */
int SOAP_ENV__Fault(struct soap *soap, char *code, char *string, char *actor, struct SOAP_ENV__Detail *detail,
                    struct SOAP_ENV__Code *code12, struct SOAP_ENV__Reason *reason, char *node, char *role,
                    struct SOAP_ENV__Detail *detail12) {
    return SOAP_NO_METHOD;
}

/* ---- listeners */

struct listener {
    struct soap *soap;
    int port;
};

static void *serve(void *one) {
    struct soap *soap = one;
    pthread_detach(pthread_self());
    if (soap_ssl_accept(soap) == SOAP_OK)
        soap_serve(soap);
    soap_destroy(soap);
    soap_end(soap);
    soap_free(soap);
    return NULL;
}

static void *listen_on(void *one) {
    struct soap *soap = one;
    for (;;) {
        pthread_t thread;
        struct soap *copy;
        if (!soap_valid_socket(soap_accept(soap)))
            continue;
        copy = soap_copy(soap);
        if (!copy || pthread_create(&thread, NULL, serve, copy))
            exit(3);
    }
}

static int open_port(char **files, int flags) {
    struct sockaddr_in name;
    socklen_t length = sizeof name;
    pthread_t thread;
    struct soap *soap = soap_new1(SOAP_C_UTFSTRING | SOAP_IO_KEEPALIVE);
    soap->send_timeout = soap->recv_timeout = 30;
    soap->bind_flags = SO_REUSEADDR;
    soap_register_plugin(soap, soap_wsse);
    if (soap_ssl_server_context(soap, flags, files[1], NULL, files[2], NULL, NULL, NULL, "lab") ||
        !soap_valid_socket(soap_bind(soap, "127.0.0.1", 0, 100))) {
        soap_print_fault(soap, stderr);
        exit(2);
    }
    getsockname(soap->master, (struct sockaddr *)&name, &length);
    pthread_create(&thread, NULL, listen_on, soap);
    return ntohs(name.sin_port);
}

int main(int argc, char **argv) {
    int tls, mutual;
    if (argc != 4 || !(sights = fopen(argv[3], "a")))
        return 2;
    soap_ssl_init();
    tls = open_port(argv, SOAP_SSL_DEFAULT);
    mutual = open_port(argv, SOAP_SSL_REQUIRE_CLIENT_AUTHENTICATION);
    printf("{\"tls\": %d, \"mutual\": %d}\n", tls, mutual);
    fflush(stdout);
    while (getchar() != EOF)
        ;
    return 0;
}
