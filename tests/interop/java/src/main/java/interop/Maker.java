package interop;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.apache.wss4j.common.WSEncryptionPart;
import org.apache.wss4j.common.saml.SamlAssertionWrapper;
import org.apache.wss4j.common.token.Reference;
import org.apache.wss4j.common.token.SecurityTokenReference;
import org.apache.wss4j.dom.WSConstants;
import org.apache.wss4j.dom.message.WSSecHeader;
import org.apache.wss4j.dom.message.WSSecSAMLToken;
import org.apache.wss4j.dom.message.WSSecSignature;
import org.apache.wss4j.dom.message.WSSecTimestamp;
import org.apache.wss4j.dom.message.WSSecUsernameToken;
import org.apache.wss4j.dom.saml.WSSecSignatureSAML;
import org.json.JSONObject;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

/**
 * A message with a Security header, made with WSS4J's builders.
 *
 * <p>Of a job: `envelope` (text, without the header), `token` (`none`, `username`, `saml11`, `saml20`), `signed_by`
 * (`none`, `sender`, `sts`, `both`), `sender` and `sts` (keystores), `key` (see KEYS, or `pkipath`), `direct` (the STR to
 * the assertion has a direct reference instead of a KeyIdentifier), `algorithm` and `digest` (URIs), `timestamp`
 * (seconds of life, 0: none), `time`, `covered` (of `Timestamp`, `Body`, `Assertion`, `Token`), and what Assertions takes.
 */
final class Maker {
    private static final Map<String, Integer> KEYS = Map.of(
        "bst", WSConstants.BST_DIRECT_REFERENCE,
        "issuer-serial", WSConstants.ISSUER_SERIAL,
        "ski", WSConstants.SKI_KEY_IDENTIFIER,
        "thumbprint", WSConstants.THUMBPRINT_IDENTIFIER,
        "x509", WSConstants.X509_KEY_IDENTIFIER);
    private static final String RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    private static final String SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256";
    private static final List<Object> EVERYTHING = List.of("Timestamp", "Body", "Assertion");

    private final JSONObject job;
    private final Document document;
    private final WSSecHeader header;
    private final String signedBy;

    Maker(JSONObject job) throws Exception {
        this.job = job;
        document = Xml.parse(job.getString("envelope"));
        header = new WSSecHeader(document);
        header.insertSecurityHeader();
        signedBy = job.optString("signed_by", "none");
    }

    String make() throws Exception {
        switch (job.getString("token")) {
            case "none" -> plain(null);
            case "username" -> {
                username();
                plain(null);
            }
            default -> assertion();
        }
        if (job.optInt("timestamp", 300) > 0 && !signedBySender()) {
            timestamp();
        }
        return Xml.text(document);
    }

    private boolean signedBySender() {
        return signedBy.equals("sender") || signedBy.equals("both");
    }

    private void plain(Element reference) throws Exception {
        if (signedBySender()) {
            WSSecSignature signature = prepared(new WSSecSignature(header));
            Keys sender = Keys.of(job.getJSONObject("sender"));
            signature.setUserInfo(sender.alias(), sender.password());
            signature.setUseSingleCertificate(!job.optString("key").equals("pkipath"));
            if (reference != null) {
                signature.getParts().add(assertionPart(reference));
            }
            signature.build(sender.crypto());
        }
    }

    private void username() throws Exception {
        WSSecUsernameToken token = new WSSecUsernameToken(header);
        token.setPasswordType(WSConstants.PASSWORD_TEXT);
        token.setUserInfo(job.getString("user"), job.getString("password"));
        if (job.optBoolean("nonce")) {
            token.addNonce();
            token.addCreated();
        }
        token.build();
    }

    private void assertion() throws Exception {
        SamlAssertionWrapper assertion = Assertions.make(job);
        if (signedBy.equals("sts") || signedBy.equals("both")) {
            Keys sts = Keys.of(job.getJSONObject("sts"));
            assertion.signAssertion(sts.alias(), sts.password(), sts.crypto(), false,
                WSConstants.C14N_EXCL_OMIT_COMMENTS, job.optString("sts_algorithm", RSA_SHA256), digest());
        }
        if (!signedBySender()) {
            new WSSecSAMLToken(header).build(assertion);
        } else if (!covered().contains("Assertion")) {
            new WSSecSAMLToken(header).build(assertion);
            plain(null);
        } else if (job.optString("key").equals("pkipath")) {
            new WSSecSAMLToken(header).build(assertion);
            plain(reference(assertion));
        } else {
            WSSecSignatureSAML signature = prepared(new WSSecSignatureSAML(header));
            signature.setUseDirectReferenceToAssertion(job.optBoolean("direct"));
            Keys sender = Keys.of(job.getJSONObject("sender"));
            signature.build(null, assertion, sender.crypto(), sender.alias(), sender.password());
        }
    }

    private <T extends WSSecSignature> T prepared(T signature) throws Exception {
        signature.setKeyIdentifierType(KEYS.getOrDefault(job.optString("key"), WSConstants.BST_DIRECT_REFERENCE));
        signature.setSignatureAlgorithm(job.optString("algorithm", RSA_SHA256));
        signature.setDigestAlgo(digest());
        signature.setAddInclusivePrefixes(job.optBoolean("prefixes", true));
        if (covered().contains("Body")) {
            signature.getParts().add(new WSEncryptionPart("Body", soapNamespace(), "Element"));
        }
        if (job.optInt("timestamp", 300) > 0) {
            timestamp();
            if (covered().contains("Timestamp")) {
                signature.getParts().add(new WSEncryptionPart("Timestamp", WSConstants.WSU_NS, "Element"));
            }
        }
        if (covered().contains("Token")) {
            signature.getParts().add(new WSEncryptionPart("STRTransform", "", "Element"));
        }
        return signature;
    }

    private List<Object> covered() {
        return job.has("covered") ? job.getJSONArray("covered").toList() : EVERYTHING;
    }

    private String soapNamespace() {
        return document.getDocumentElement().getNamespaceURI();
    }

    private String digest() {
        return job.optString("digest", SHA256);
    }

    private void timestamp() {
        WSSecTimestamp timestamp = new WSSecTimestamp(header);
        timestamp.setTimeToLive(job.optInt("timestamp", 300));
        if (job.has("time")) {
            timestamp.setWsTimeSource(() -> Instant.parse(job.getString("time")));
        }
        timestamp.build();
    }

    /** The STR beside the assertion, as WSS4J's users make it where WSSecSignatureSAML does not do what they need. */
    private Element reference(SamlAssertionWrapper assertion) throws Exception {
        boolean old = assertion.getSaml1() != null;
        SecurityTokenReference reference = new SecurityTokenReference(document);
        reference.addWSSENamespace();
        reference.addWSUNamespace();
        reference.setID("STRSAML-" + assertion.getId());
        reference.addTokenType(old ? WSConstants.WSS_SAML_TOKEN_TYPE : WSConstants.WSS_SAML2_TOKEN_TYPE);
        String valueType = old ? WSConstants.WSS_SAML_KI_VALUE_TYPE : WSConstants.WSS_SAML2_KI_VALUE_TYPE;
        if (job.optBoolean("direct")) {
            Reference direct = new Reference(document);
            direct.setURI("#" + assertion.getId());
            if (old) {
                direct.setValueType(valueType);
            }
            reference.setReference(direct);
        } else {
            reference.setKeyIdentifier(valueType, assertion.getId());
        }
        header.getSecurityHeaderElement().appendChild(reference.getElement());
        return reference.getElement();
    }

    private static WSEncryptionPart assertionPart(Element reference) {
        WSEncryptionPart part = new WSEncryptionPart("STRTransform", null, "Element");
        part.setId(reference.getAttributeNS(WSConstants.WSU_NS, "Id"));
        part.setElement(reference);
        return part;
    }
}
