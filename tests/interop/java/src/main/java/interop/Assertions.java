package interop;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.apache.wss4j.common.saml.SAMLCallback;
import org.apache.wss4j.common.saml.SamlAssertionWrapper;
import org.apache.wss4j.common.saml.bean.AttributeBean;
import org.apache.wss4j.common.saml.bean.AttributeStatementBean;
import org.apache.wss4j.common.saml.bean.AudienceRestrictionBean;
import org.apache.wss4j.common.saml.bean.AuthenticationStatementBean;
import org.apache.wss4j.common.saml.bean.ConditionsBean;
import org.apache.wss4j.common.saml.bean.SubjectBean;
import org.apache.wss4j.common.saml.bean.Version;
import org.json.JSONArray;
import org.json.JSONObject;

/**
 * A sender-vouches assertion, made by WSS4J and OpenSAML. Of a job: `user`, `qualifier`, `format`, `issuer`, `audience`,
 * `one_time`, `attributes`, `time`, `backdated` and `lifetime` (seconds), `authn` (false: no authentication statement).
 */
final class Assertions {
    private static final String CONFIRMATION = "urn:oasis:names:tc:SAML:%s:cm:sender-vouches";

    private Assertions() {
    }

    static SamlAssertionWrapper make(JSONObject job) throws Exception {
        SAMLCallback wanted = new SAMLCallback();
        fill(wanted, job);
        SamlAssertionWrapper made = new SamlAssertionWrapper(wanted);
        if (job.has("time") && made.getSaml2() != null) {
            made.getSaml2().setIssueInstant(Instant.parse(job.getString("time")));
        } else if (job.has("time")) {
            made.getSaml1().setIssueInstant(Instant.parse(job.getString("time")));
        }
        return made;
    }

    /** Say which assertion is wanted, as the callback handlers of WSS4J's and CXF's users do. */
    static void fill(SAMLCallback wanted, JSONObject job) {
        Instant now = Instant.parse(job.optString("time", Instant.now().toString()));
        boolean old = job.getString("token").equals("saml11");
        wanted.setSamlVersion(old ? Version.SAML_11 : Version.SAML_20);
        wanted.setIssuer(job.optString("issuer", "urn:sts"));
        SubjectBean subject = new SubjectBean(job.getString("user"), job.optString("qualifier", ""),
            CONFIRMATION.formatted(old ? "1.0" : "2.0"));
        if (job.has("format")) {
            subject.setSubjectNameIDFormat(job.getString("format"));
        }
        wanted.setSubject(subject);
        wanted.setConditions(conditions(job, now));
        if (job.optBoolean("authn", true)) {
            AuthenticationStatementBean statement = new AuthenticationStatementBean();
            statement.setSubject(subject);
            statement.setAuthenticationInstant(now);
            statement.setAuthenticationMethod("Password");
            wanted.setAuthenticationStatementData(List.of(statement));
        }
        if (job.has("attributes")) {
            wanted.setAttributeStatementData(List.of(attributes(job.getJSONObject("attributes"), subject, old)));
        }
    }

    private static ConditionsBean conditions(JSONObject job, Instant now) {
        ConditionsBean conditions = new ConditionsBean(now.minusSeconds(job.optLong("backdated", 10)),
            now.plusSeconds(job.optLong("lifetime", 300)));
        conditions.setOneTimeUse(job.optBoolean("one_time"));
        if (job.has("audience")) {
            AudienceRestrictionBean restriction = new AudienceRestrictionBean();
            restriction.setAudienceURIs(new ArrayList<>(List.of(job.getString("audience"))));
            conditions.setAudienceRestrictions(List.of(restriction));
        }
        return conditions;
    }

    private static AttributeStatementBean attributes(JSONObject wanted, SubjectBean subject, boolean old) {
        AttributeStatementBean statement = new AttributeStatementBean();
        statement.setSubject(subject);
        List<AttributeBean> attributes = new ArrayList<>();
        for (String name : wanted.keySet()) {
            AttributeBean attribute = new AttributeBean();
            attribute.setSimpleName(name);
            attribute.setQualifiedName(old ? "urn:attributes" : name);
            JSONArray values = wanted.getJSONArray(name);
            values.forEach(attribute::addAttributeValue);
            attributes.add(attribute);
        }
        statement.setSamlAttributes(attributes);
        return statement;
    }
}
