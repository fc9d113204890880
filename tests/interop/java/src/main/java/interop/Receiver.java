package interop;

import java.util.ArrayList;
import java.util.List;
import javax.security.auth.callback.CallbackHandler;
import org.apache.wss4j.common.ext.WSPasswordCallback;
import org.apache.wss4j.common.ext.WSSecurityException;
import org.apache.wss4j.dom.WSConstants;
import org.apache.wss4j.dom.WSDataRef;
import org.apache.wss4j.dom.engine.WSSecurityEngine;
import org.apache.wss4j.dom.engine.WSSecurityEngineResult;
import org.apache.wss4j.dom.handler.RequestData;
import org.apache.wss4j.dom.handler.WSHandlerResult;
import org.json.JSONArray;
import org.json.JSONObject;

/**
 * What WSS4J says of a message: `accepted`, and `covered` (local names of what its signatures cover, by the receiver's own
 * count) and `user` of the token; or why not. Of a job: `message`, `trust` (a PKCS#12 file), `password` of the user,
 * `unsigned` (an assertion without a signature is accepted: WSS4J's validateSamlSubjectConfirmation=false).
 */
final class Receiver {
    private Receiver() {
    }

    static JSONObject judge(JSONObject job) throws Exception {
        RequestData data = new RequestData();
        if (job.has("trust")) {
            data.setSigVerCrypto(Keys.of(job.getJSONObject("trust")).trusting());
        }
        data.setValidateSamlSubjectConfirmation(!job.optBoolean("unsigned"));
        data.setDisableBSPEnforcement(job.optBoolean("lenient"));
        CallbackHandler passwords = callbacks -> ((WSPasswordCallback) callbacks[0])
            .setPassword(job.optString("password"));
        data.setCallbackHandler(passwords);
        try {
            return accepted(new WSSecurityEngine().processSecurityHeader(Xml.parse(job.getString("message")), data));
        } catch (WSSecurityException refusal) {
            return new JSONObject().put("accepted", false).put("reason", refusal.getMessage())
                .put("code", refusal.getFaultCode() == null ? "" : refusal.getFaultCode().getLocalPart());
        }
    }

    private static JSONObject accepted(WSHandlerResult results) {
        if (results == null) {
            return new JSONObject().put("accepted", false).put("reason", "no Security header").put("code", "");
        }
        List<String> covered = new ArrayList<>();
        List<Integer> actions = new ArrayList<>();
        String user = "";
        for (WSSecurityEngineResult result : results.getResults()) {
            actions.add((Integer) result.get(WSSecurityEngineResult.TAG_ACTION));
            Object references = result.get(WSSecurityEngineResult.TAG_DATA_REF_URIS);
            if (references instanceof List<?> list && actions.get(actions.size() - 1) == WSConstants.SIGN) {
                list.forEach(each -> covered.add(((WSDataRef) each).getProtectedElement().getLocalName()));
            }
            Object assertion = result.get(WSSecurityEngineResult.TAG_SAML_ASSERTION);
            if (assertion instanceof org.apache.wss4j.common.saml.SamlAssertionWrapper wrapper) {
                user = wrapper.getSubjectName();
            }
        }
        return new JSONObject().put("accepted", true).put("covered", new JSONArray(covered))
            .put("actions", new JSONArray(actions)).put("user", user);
    }
}
