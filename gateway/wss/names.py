"""Namespaces and URIs of WS-Security, SAML and XML Signature, each as the standard spells it.

Sources: OASIS WSS SOAP Message Security 1.1.1 with the UsernameToken, X.509 and SAML token profiles 1.1.1;
OASIS SAML 1.1 and 2.0 core; W3C XML Signature 1.1; WS-I Basic Security Profile 1.1. URIs are compared as exact
strings.
"""

from typing import Final

_OASIS_2004: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
_OASIS_WSS: Final = "http://docs.oasis-open.org/wss/oasis-wss-"

WSSE: Final = f"{_OASIS_2004}wssecurity-secext-1.0.xsd"
WSSE11: Final = f"{_OASIS_WSS}wssecurity-secext-1.1.xsd"
WSU: Final = f"{_OASIS_2004}wssecurity-utility-1.0.xsd"
DS: Final = "http://www.w3.org/2000/09/xmldsig#"
DSIG11: Final = "http://www.w3.org/2009/xmldsig11#"
EC: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
XENC: Final = "http://www.w3.org/2001/04/xmlenc#"
SAML1: Final = "urn:oasis:names:tc:SAML:1.0:assertion"
SAML2: Final = "urn:oasis:names:tc:SAML:2.0:assertion"
XML: Final = "http://www.w3.org/XML/1998/namespace"

# -- the Security header --------------------------------------------------------------------------------------

SECURITY: Final = f"{{{WSSE}}}Security"
USERNAME_TOKEN: Final = f"{{{WSSE}}}UsernameToken"
USERNAME: Final = f"{{{WSSE}}}Username"
PASSWORD: Final = f"{{{WSSE}}}Password"
NONCE: Final = f"{{{WSSE}}}Nonce"
BINARY_TOKEN: Final = f"{{{WSSE}}}BinarySecurityToken"
TOKEN_REFERENCE: Final = f"{{{WSSE}}}SecurityTokenReference"
REFERENCE: Final = f"{{{WSSE}}}Reference"
KEY_IDENTIFIER: Final = f"{{{WSSE}}}KeyIdentifier"
EMBEDDED: Final = f"{{{WSSE}}}Embedded"
TRANSFORMATION_PARAMETERS: Final = f"{{{WSSE}}}TransformationParameters"
TOKEN_TYPE: Final = f"{{{WSSE11}}}TokenType"
SALT: Final = f"{{{WSSE11}}}Salt"
ITERATION: Final = f"{{{WSSE11}}}Iteration"
TIMESTAMP: Final = f"{{{WSU}}}Timestamp"
CREATED: Final = f"{{{WSU}}}Created"
EXPIRES: Final = f"{{{WSU}}}Expires"
WSU_ID: Final = f"{{{WSU}}}Id"
XML_ID: Final = f"{{{XML}}}id"

ASSERTION_11: Final = f"{{{SAML1}}}Assertion"
ASSERTION_20: Final = f"{{{SAML2}}}Assertion"
ENCRYPTED_ASSERTION: Final = f"{{{SAML2}}}EncryptedAssertion"

IDENTITY_TOKENS: Final = frozenset({USERNAME_TOKEN, ASSERTION_11, ASSERTION_20, ENCRYPTED_ASSERTION})
"""Elements of a Security header that say who is calling."""

# -- XML Signature --------------------------------------------------------------------------------------------

SIGNATURE: Final = f"{{{DS}}}Signature"
SIGNED_INFO: Final = f"{{{DS}}}SignedInfo"
SIGNATURE_VALUE: Final = f"{{{DS}}}SignatureValue"
KEY_INFO: Final = f"{{{DS}}}KeyInfo"
CANONICALIZATION_METHOD: Final = f"{{{DS}}}CanonicalizationMethod"
SIGNATURE_METHOD: Final = f"{{{DS}}}SignatureMethod"
DS_REFERENCE: Final = f"{{{DS}}}Reference"
TRANSFORMS: Final = f"{{{DS}}}Transforms"
TRANSFORM: Final = f"{{{DS}}}Transform"
DIGEST_METHOD: Final = f"{{{DS}}}DigestMethod"
DIGEST_VALUE: Final = f"{{{DS}}}DigestValue"
X509_DATA: Final = f"{{{DS}}}X509Data"
X509_CERTIFICATE: Final = f"{{{DS}}}X509Certificate"
X509_ISSUER_SERIAL: Final = f"{{{DS}}}X509IssuerSerial"
X509_ISSUER_NAME: Final = f"{{{DS}}}X509IssuerName"
X509_SERIAL_NUMBER: Final = f"{{{DS}}}X509SerialNumber"
INCLUSIVE_NAMESPACES: Final = f"{{{EC}}}InclusiveNamespaces"

# -- ValueType, TokenType, EncodingType, Type -----------------------------------------------------------------

_UTP: Final = f"{_OASIS_2004}username-token-profile-1.0#"
PASSWORD_TEXT: Final = f"{_UTP}PasswordText"
PASSWORD_DIGEST: Final = f"{_UTP}PasswordDigest"

_SMS10: Final = f"{_OASIS_2004}soap-message-security-1.0#"
BASE64_BINARY: Final = f"{_SMS10}Base64Binary"
STR_TRANSFORM: Final = f"{_SMS10}STR-Transform"
_SMS11: Final = f"{_OASIS_WSS}soap-message-security-1.1#"
THUMBPRINT_SHA1: Final = f"{_SMS11}ThumbprintSHA1"

_X509: Final = f"{_OASIS_2004}x509-token-profile-1.0#"
X509_V3: Final = f"{_X509}X509v3"
X509_PKI_PATH: Final = f"{_X509}X509PKIPathv1"
X509_SKI: Final = f"{_X509}X509SubjectKeyIdentifier"

_SAML_TP10: Final = f"{_OASIS_WSS}saml-token-profile-1.0#"
_SAML_TP11: Final = f"{_OASIS_WSS}saml-token-profile-1.1#"
SAML_ASSERTION_ID: Final = f"{_SAML_TP10}SAMLAssertionID"
SAML_ID: Final = f"{_SAML_TP11}SAMLID"
TOKEN_TYPE_SAML11: Final = f"{_SAML_TP11}SAMLV1.1"
TOKEN_TYPE_SAML20: Final = f"{_SAML_TP11}SAMLV2.0"

ENVELOPED: Final = f"{DS}enveloped-signature"
EXC_C14N: Final = EC
