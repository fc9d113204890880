package interop;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.CallbackHandler;
import javax.security.auth.callback.UnsupportedCallbackException;
import org.apache.cxf.endpoint.Client;
import org.apache.cxf.ws.security.SecurityConstants;
import org.apache.cxf.ws.security.wss4j.WSS4JOutInterceptor;
import org.apache.wss4j.common.ConfigurationConstants;
import org.apache.wss4j.common.ext.WSPasswordCallback;
import org.apache.wss4j.common.saml.SAMLCallback;
import org.json.JSONObject;

/**
 * How CXF's users ask for a Security header: `actions` of a job, for a WSS4JOutInterceptor (for example
 * `Timestamp SAMLTokenSigned`), with `parts` to sign; or else the properties that a policy of the WSDL wants.
 */
final class Security {
    private static final String RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    private static final String SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256";

    private Security() {
    }

    static void add(JSONObject job, Client client, Map<String, Object> context) throws Exception {
        CallbackHandler answers = callbacks -> answer(job, callbacks);
        if (!job.has("actions")) {
            context.put(SecurityConstants.CALLBACK_HANDLER, answers);
            context.put(SecurityConstants.SAML_CALLBACK_HANDLER, answers);
            context.put(SecurityConstants.USERNAME, job.optString("user"));
            return;
        }
        Map<String, Object> settings = new HashMap<>();
        settings.put(ConfigurationConstants.ACTION, job.getString("actions"));
        settings.put(ConfigurationConstants.USER, job.optString("user"));
        settings.put(ConfigurationConstants.PASSWORD_TYPE, "PasswordText");
        settings.put(ConfigurationConstants.PW_CALLBACK_REF, answers);
        settings.put(ConfigurationConstants.SAML_CALLBACK_REF, answers);
        if (job.has("sender")) {
            sign(job, settings);
        }
        client.getOutInterceptors().add(new WSS4JOutInterceptor(settings));
    }

    private static void sign(JSONObject job, Map<String, Object> settings) throws Exception {
        JSONObject sender = job.getJSONObject("sender");
        Properties merlin = new Properties();
        merlin.put("org.apache.wss4j.crypto.provider", "org.apache.wss4j.common.crypto.Merlin");
        merlin.put("org.apache.wss4j.crypto.merlin.keystore.type", "pkcs12");
        merlin.put("org.apache.wss4j.crypto.merlin.keystore.file", sender.getString("path"));
        merlin.put("org.apache.wss4j.crypto.merlin.keystore.password", sender.getString("password"));
        settings.put("merlin", merlin);
        settings.put(ConfigurationConstants.SIG_PROP_REF_ID, "merlin");
        settings.put(ConfigurationConstants.SIGNATURE_USER, Keys.of(sender).alias());
        settings.put(ConfigurationConstants.SIG_KEY_ID, job.optString("key", "DirectReference"));
        settings.put(ConfigurationConstants.SIG_ALGO, RSA_SHA256);
        settings.put(ConfigurationConstants.SIG_DIGEST_ALGO, SHA256);
        settings.put(ConfigurationConstants.SIGNATURE_PARTS, job.getString("parts"));
    }

    private static void answer(JSONObject job, Callback[] asked) throws IOException, UnsupportedCallbackException {
        for (Callback each : asked) {
            if (each instanceof WSPasswordCallback password) {
                boolean ofKey = password.getUsage() == WSPasswordCallback.SIGNATURE;
                password.setPassword(ofKey ? job.getJSONObject("sender").getString("password")
                    : job.optString("password"));
            } else if (each instanceof SAMLCallback wanted) {
                Assertions.fill(wanted, job);
                vouch(job, wanted);
            } else {
                throw new UnsupportedCallbackException(each);
            }
        }
    }

    private static void vouch(JSONObject job, SAMLCallback wanted) throws IOException {
        if (job.has("sender")) {
            try {
                Keys sender = Keys.of(job.getJSONObject("sender"));
                wanted.setIssuerCrypto(sender.crypto());
                wanted.setIssuerKeyName(sender.alias());
                wanted.setIssuerKeyPassword(sender.password());
            } catch (Exception trouble) {
                throw new IOException(trouble);
            }
        }
    }
}
