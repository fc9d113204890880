/* gSOAP with its wsse plugin as an outside client of the gateway.
 *
 * usage: client <base-url> <ca.pem> <service>/<call>/<soap>/<token> [user password]
 *
 * Prints one line of JSON and exits 0 when a reply or a SOAP fault came; anything else (no TLS, no
 * HTTP, no envelope) goes to standard error with exit 1.
 */
#include <stdio.h>
#include <string.h>

#include "PhoneBookBinding.nsmap"
#include "soapH.h"
#include "wsseapi.h"

struct scenario {
    char service[16], call[16], version[8], token[16];
};

static void json_text(const char *text) {
    if (!text) {
        fputs("null", stdout);
        return;
    }
    putchar('"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            printf("\\%c", *text);
        else if ((unsigned char)*text < 0x20)
            printf("\\u%04x", *text);
        else
            putchar(*text);
    }
    putchar('"');
}

static void json_member(const char *name, const char *text, const char *end) {
    printf("\"%s\": ", name);
    json_text(text);
    fputs(end, stdout);
}

static int report_fault(struct soap *soap) {
    const char **code = soap_faultcode(soap);
    const char *subcode = soap->version == 2 ? *soap_faultsubcode(soap) : NULL;
    printf("{\"ok\": false, \"result\": null, \"fault\": {");
    json_member("code", *code, ", ");
    json_member("subcode", subcode, ", ");
    json_member("string", *soap_faultstring(soap), ", ");
    printf("\"httpStatus\": %d}}\n", soap->status);
    return 0;
}

/* A fault is the peer's only when HTTP brought it; gSOAP reports its own troubles the same way. */
static int failed(struct soap *soap) {
    if (soap->status >= 400 && soap->status < 600 && soap->fault)
        return report_fault(soap);
    soap_print_fault(soap, stderr);
    return 1;
}

static int whoami(struct soap *soap, const char *endpoint) {
    struct _pb__whoAmI question;
    struct _who__whoami who;
    memset(&question, 0, sizeof question);
    if (soap_call___svc__WhoAmI(soap, endpoint, NULL, &question, &who))
        return failed(soap);
    printf("{\"ok\": true, \"fault\": null, \"result\": {");
    json_member("user", who.user, ", ");
    json_member("group", who.group, ", ");
    json_member("transaction", who.transaction, ", ");
    json_member("datastore", who.datastore, "}}\n");
    return 0;
}

static int phonebook(struct soap *soap, const char *endpoint, const char *call) {
    struct _pb__phonebook question;
    struct _pb__phonebookResponse entry;
    soap_default__pb__phonebook(soap, &question);
    /* A number beyond the enumeration goes out as that number, which the schema does not allow. */
    question.command = strcmp(call, "invalid") ? pb__Command__DISPLAY : (enum pb__Command)99;
    question.lastName = strcmp(call, "unknown") ? "LAST1" : "M\xc3\x9cLLER";
    if (soap_call___svc__PhoneBook(soap, endpoint, NULL, &question, &entry))
        return failed(soap);
    printf("{\"ok\": true, \"fault\": null, \"result\": {");
    json_member("message", entry.message, ", ");
    json_member("command", entry.command, ", ");
    json_member("lastName", entry.lastName, ", ");
    json_member("firstName", entry.firstName, ", ");
    json_member("extension", entry.extension, ", ");
    json_member("zipCode", entry.zipCode, "}}\n");
    return 0;
}

/* What soapcpp2 -2 would generate: the table's first two rows decide the version that is sent. */
static void speak_soap12(struct soap *soap) {
    namespaces[0].ns = "http://www.w3.org/2003/05/soap-envelope";
    namespaces[1].ns = "http://www.w3.org/2003/05/soap-encoding";
    soap_set_namespaces(soap, namespaces);
}

static int add_token(struct soap *soap, const char *token, char **credentials) {
    if (!strcmp(token, "text"))
        return soap_wsse_add_UsernameTokenText(soap, NULL, credentials[0], credentials[1]);
    if (!strcmp(token, "digest"))
        return soap_wsse_add_UsernameTokenDigest(soap, NULL, credentials[0], credentials[1]);
    return SOAP_OK;
}

static int run(struct soap *soap, const char *base, const struct scenario *wanted, char **credentials) {
    char endpoint[256];
    snprintf(endpoint, sizeof endpoint, "%s/imssoap/services/%s", base,
             strcmp(wanted->service, "secure") ? "PhoneBookPort" : "SecurePhoneBookPort");
    if (!strcmp(wanted->version, "1.2"))
        speak_soap12(soap);
    if (add_token(soap, wanted->token, credentials))
        return failed(soap);
    if (!strcmp(wanted->call, "whoami"))
        return whoami(soap, endpoint);
    return phonebook(soap, endpoint, wanted->call);
}

int main(int argc, char **argv) {
    struct scenario wanted;
    struct soap *soap;
    int result;
    if (argc < 4 || sscanf(argv[3], "%15[^/]/%15[^/]/%7[^/]/%15s", wanted.service, wanted.call, wanted.version,
                           wanted.token) != 4 || (strcmp(wanted.token, "none") && argc != 6)) {
        fprintf(stderr, "usage: %s base-url ca.pem service/call/soap/token [user password]\n", argv[0]);
        return 2;
    }
    soap_ssl_init();
    soap = soap_new1(SOAP_C_UTFSTRING);
    soap->connect_timeout = soap->send_timeout = soap->recv_timeout = 30;
    if (soap_ssl_client_context(soap, SOAP_SSL_DEFAULT, NULL, NULL, argv[2], NULL, NULL))
        result = failed(soap);
    else
        result = run(soap, argv[1], &wanted, argv + 4);
    soap_destroy(soap);
    soap_end(soap);
    soap_free(soap);
    return result;
}
