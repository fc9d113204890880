/* gSOAP's wsse plugin with a SAML 2.0 assertion: prints the message that it would send for an Echo.
 *
 * usage: signed <issuer> <audience> <user> plain
 *        signed <issuer> <audience> <user> wsu <sender.key> <sender.pem>
 *
 * plain: nothing is signed; wsu: Body, Timestamp and the assertion, which gets a wsu:Id for that. What the plugin
 * makes with soap_wsse_sign_saml2 nobody can verify: the transforms are in the wrong order.
 */
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

#include "LabBinding.nsmap"
#include "soapH.h"
#include "wsseapi.h"

static struct timeval moment(int seconds) {
    struct timeval now;
    gettimeofday(&now, NULL);
    now.tv_sec += seconds;
    now.tv_usec -= now.tv_usec % 1000;
    return now;
}

static EVP_PKEY *key_of(const char *path) {
    FILE *file = fopen(path, "r");
    EVP_PKEY *key = file ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : NULL;
    if (file)
        fclose(file);
    return key;
}

static X509 *certificate_of(const char *path) {
    FILE *file = fopen(path, "r");
    X509 *certificate = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
    if (file)
        fclose(file);
    return certificate;
}

#define NEW(soap, type) soap_new_##type(soap, 1)

static struct saml2__ConditionsType *conditions(struct soap *soap, char *audience) {
    struct saml2__ConditionsType *made = NEW(soap, saml2__ConditionsType);
    made->NotBefore = soap_malloc(soap, sizeof(struct timeval));
    *made->NotBefore = moment(-5);
    made->NotOnOrAfter = soap_malloc(soap, sizeof(struct timeval));
    *made->NotOnOrAfter = moment(300);
    made->__size_ConditionsType = 1;
    made->__union_ConditionsType = NEW(soap, __saml2__union_ConditionsType);
    made->__union_ConditionsType->saml2__AudienceRestriction = NEW(soap, saml2__AudienceRestrictionType);
    made->__union_ConditionsType->saml2__AudienceRestriction->__sizeAudience = 1;
    made->__union_ConditionsType->saml2__AudienceRestriction->saml2__Audience = soap_malloc(soap, sizeof(char *));
    *made->__union_ConditionsType->saml2__AudienceRestriction->saml2__Audience = audience;
    return made;
}

static void fill(struct soap *soap, saml2__AssertionType *assertion, char **texts) {
    static char method[] = "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches";
    assertion->ID = soap_strdup(soap, soap_rand_uuid(soap, "_"));
    assertion->IssueInstant = moment(0);
    assertion->saml2__Issuer = NEW(soap, saml2__NameIDType);
    assertion->saml2__Issuer->__item = texts[0];
    assertion->saml2__Subject = NEW(soap, saml2__SubjectType);
    assertion->saml2__Subject->saml2__NameID = NEW(soap, saml2__NameIDType);
    assertion->saml2__Subject->saml2__NameID->__item = texts[2];
    assertion->saml2__Subject->__sizeSubjectConfirmation = 1;
    assertion->saml2__Subject->saml2__SubjectConfirmation = NEW(soap, saml2__SubjectConfirmationType);
    assertion->saml2__Subject->saml2__SubjectConfirmation->Method = method;
    assertion->saml2__Conditions = conditions(soap, texts[1]);
}

static int sign_message(struct soap *soap, char **files) {
    static char token[] = "X509Token";
    return soap_wsse_add_BinarySecurityTokenX509(soap, token, certificate_of(files[1])) ||
           soap_wsse_add_KeyInfo_SecurityTokenReferenceX509(soap, "#X509Token") ||
           soap_wsse_sign_body(soap, SOAP_SMD_SIGN_RSA_SHA256, key_of(files[0]), 0) ||
           soap_wsse_sign_only(soap, "Assertion Time Body");
}

static int secure(struct soap *soap, char **texts, const char *mode, char **files) {
    int wsu = !strcmp(mode, "wsu");
    saml2__AssertionType *assertion = soap_wsse_add_saml2(soap, wsu ? "Assertion" : NULL);
    soap_wsse_Security(soap)->saml2__Assertion = assertion;
    fill(soap, assertion, texts);
    if (soap_wsse_add_Timestamp(soap, "Time", 300))
        return soap->error;
    return wsu ? sign_message(soap, files) : SOAP_OK;
}

/* What goes to the network goes to standard output instead, without the lines of HTTP. */
static SOAP_SOCKET no_connection(struct soap *soap, const char *endpoint, const char *host, int port) {
    return 1;
}

static int no_http(struct soap *soap, const char *endpoint, const char *host, int port, const char *path,
                   const char *action, ULONG64 count) {
    return SOAP_OK;
}

static int print(struct soap *soap, const char *text, size_t size) {
    return fwrite(text, 1, size, stdout) == size ? SOAP_OK : SOAP_EOF;
}

int main(int argc, char **argv) {
    struct lab__Work work;
    struct soap *soap = soap_new1(SOAP_C_UTFSTRING | SOAP_IO_BUFFER | SOAP_XML_CANONICAL);
    if (argc != 5 && argc != 7)
        return 2;
    soap_register_plugin(soap, soap_wsse);
    soap->fopen = no_connection;
    soap->fpost = no_http;
    soap->fsend = print;
    memset(&work, 0, sizeof work);
    work.text = "hello";
    if (secure(soap, argv + 1, argv[4], argv + 5) ||
        soap_send___labsvc__Echo(soap, "http://localhost/", NULL, &work)) {
        soap_print_fault(soap, stderr);
        return 1;
    }
    return 0;
}
