package interop;

import jakarta.xml.ws.Dispatch;
import jakarta.xml.ws.Service;
import jakarta.xml.ws.soap.SOAPFaultException;
import java.io.StringReader;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.TrustManagerFactory;
import javax.xml.namespace.QName;
import javax.xml.transform.Source;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMResult;
import javax.xml.transform.stream.StreamSource;
import org.apache.cxf.configuration.jsse.TLSClientParameters;
import org.apache.cxf.endpoint.Client;
import org.apache.cxf.jaxws.DispatchImpl;
import org.apache.cxf.message.Message;
import org.apache.cxf.transport.http.HTTPConduit;
import org.json.JSONObject;
import org.w3c.dom.Node;

/**
 * One call of CXF's client over HTTPS: `reply` (XML of the payload) or `fault` (`code`, `subcode`, `string`, `status`).
 *
 * <p>Of a job: `url`, `wsdl` (a file), `service` and `port` (Clark names), `action`, `body`, `ca` and perhaps `client`
 * (PKCS#12 files), and what Security takes; without `actions` the security is that of the policy in the WSDL.
 */
final class Caller {
    private static final String SOAP12 = "http://www.w3.org/2003/05/soap-envelope";

    private Caller() {
    }

    static JSONObject call(JSONObject job) throws Exception {
        Service service = Service.create(Path.of(job.getString("wsdl")).toUri().toURL(),
            QName.valueOf(job.getString("service")));
        QName port = QName.valueOf(job.getString("port"));
        Dispatch<Source> dispatch = service.createDispatch(port, Source.class, Service.Mode.PAYLOAD);
        Map<String, Object> context = dispatch.getRequestContext();
        context.put(Dispatch.ENDPOINT_ADDRESS_PROPERTY, job.getString("url"));
        // a SOAP 1.2 fault of the sender comes with HTTP 400, which CXF otherwise takes for no answer
        context.put(HTTPConduit.PROCESS_FAULT_ON_HTTP_400, true);
        context.put(Dispatch.SOAPACTION_USE_PROPERTY, true);
        context.put(Dispatch.SOAPACTION_URI_PROPERTY, job.getString("action"));
        Client client = ((DispatchImpl<Source>) dispatch).getClient();
        ((HTTPConduit) client.getConduit()).setTlsClientParameters(tls(job));
        Security.add(job, client, context);
        try {
            return new JSONObject().put("reply", Xml.text(node(dispatch.invoke(source(job.getString("body"))))));
        } catch (SOAPFaultException refusal) {
            return new JSONObject().put("fault", shown(refusal, client));
        } finally {
            client.destroy();
        }
    }

    private static TLSClientParameters tls(JSONObject job) throws Exception {
        TLSClientParameters tls = new TLSClientParameters();
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(Keys.of(job.getJSONObject("ca")).store());
        tls.setTrustManagers(trust.getTrustManagers());
        if (job.has("client")) {
            Keys own = Keys.of(job.getJSONObject("client"));
            KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(own.store(), own.password().toCharArray());
            tls.setKeyManagers(keys.getKeyManagers());
        }
        return tls;
    }

    private static Source source(String body) {
        return new StreamSource(new StringReader(body));
    }

    private static Node node(Source reply) throws Exception {
        DOMResult result = new DOMResult();
        TransformerFactory.newInstance().newTransformer().transform(reply, result);
        return result.getNode();
    }

    private static Map<String, Object> shown(SOAPFaultException refusal, Client client) {
        Map<String, Object> shown = new HashMap<>();
        shown.put("code", refusal.getFault().getFaultCodeAsQName().toString());
        shown.put("string", refusal.getFault().getFaultString());
        if (SOAP12.equals(refusal.getFault().getNamespaceURI())) {
            Iterator<QName> subcodes = refusal.getFault().getFaultSubcodes();
            shown.put("subcode", subcodes.hasNext() ? subcodes.next().toString() : null);
        }
        shown.put("status", client.getResponseContext().get(Message.RESPONSE_CODE));
        return shown;
    }
}
