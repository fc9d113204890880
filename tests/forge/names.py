"""URIs of the standards, copied by hand from them and not from the product."""

SOAP = {11: "http://schemas.xmlsoap.org/soap/envelope/", 12: "http://www.w3.org/2003/05/soap-envelope"}
_OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
WSSE = f"{_OASIS}wssecurity-secext-1.0.xsd"
WSU = f"{_OASIS}wssecurity-utility-1.0.xsd"
WSSE11 = "http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd"
DS = "http://www.w3.org/2000/09/xmldsig#"
DSIG11 = "http://www.w3.org/2009/xmldsig11#"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
XENC = "http://www.w3.org/2001/04/xmlenc#"
EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
SAML1 = "urn:oasis:names:tc:SAML:1.0:assertion"
SAML2 = "urn:oasis:names:tc:SAML:2.0:assertion"
LAB = "urn:ims-gateway:lab"

USERNAME_PROFILE = f"{_OASIS}username-token-profile-1.0#"
X509_PROFILE = f"{_OASIS}x509-token-profile-1.0#"
MESSAGE_SECURITY = f"{_OASIS}soap-message-security-1.0#"
MESSAGE_SECURITY_11 = "http://docs.oasis-open.org/wss/oasis-wss-soap-message-security-1.1#"
SAML_PROFILE_10 = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.0#"
SAML_PROFILE_11 = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#"
SWA_PROFILE = "http://docs.oasis-open.org/wss/oasis-wss-SwAProfile-1.1#"

STR_TRANSFORM = f"{MESSAGE_SECURITY}STR-Transform"
ENVELOPED = f"{DS}enveloped-signature"
BASE64_BINARY = f"{MESSAGE_SECURITY}Base64Binary"
X509_V3 = f"{X509_PROFILE}X509v3"
PKI_PATH = f"{X509_PROFILE}X509PKIPathv1"
SKI = f"{X509_PROFILE}X509SubjectKeyIdentifier"
THUMBPRINT = f"{MESSAGE_SECURITY_11}ThumbprintSHA1"

SHA1 = f"{DS}sha1"
SHA256 = f"{XENC}sha256"
RSA_SHA1 = f"{DS}rsa-sha1"
RSA_SHA256 = f"{MORE}rsa-sha256"
ECDSA_SHA256 = f"{MORE}ecdsa-sha256"

SENDER_VOUCHES = {
    11: "urn:oasis:names:tc:SAML:1.0:cm:sender-vouches",
    20: "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches",
}
UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
