package interop;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsExchange;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.TrustManagerFactory;
import org.apache.wss4j.common.saml.SamlAssertionWrapper;
import org.apache.wss4j.common.ext.WSPasswordCallback;
import org.apache.wss4j.common.ext.WSSecurityException;
import org.apache.wss4j.dom.engine.WSSecurityEngine;
import org.apache.wss4j.dom.engine.WSSecurityEngineResult;
import org.apache.wss4j.dom.handler.RequestData;
import org.json.JSONArray;
import org.json.JSONObject;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

/**
 * A service over HTTPS whose callers WSS4J judges with all its checks on: an assertion, sender-vouches, counts only when
 * the TLS client certificate of that very connection vouches for it.
 *
 * <p>Of the job `serve`: `keystore` and `clients` (PKCS#12 files), `password` of users, `audience`. It answers `port`;
 * the job `served` answers `sights`, what was seen of each call. `Rate` is answered with the amount modulo 97.
 */
final class Guarded {
    private static final String SOAP = "http://schemas.xmlsoap.org/soap/envelope/";
    private static final List<JSONObject> SIGHTS = new CopyOnWriteArrayList<>();
    private static HttpsServer server;

    private Guarded() {
    }

    static JSONObject serve(JSONObject job) throws Exception {
        if (server != null) {
            server.stop(0);
        }
        SIGHTS.clear();
        server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(tls(job)) {
            @Override
            public void configure(HttpsParameters wanted) {
                SSLParameters parameters = getSSLContext().getDefaultSSLParameters();
                parameters.setWantClientAuth(true); // without one the message comes all the same, for WSS4J to refuse
                wanted.setSSLParameters(parameters);
            }
        });
        server.createContext("/", exchange -> answer(job, exchange));
        server.setExecutor(Executors.newCachedThreadPool(work -> {
            Thread thread = new Thread(work);
            thread.setDaemon(true);
            return thread;
        }));
        server.start();
        return new JSONObject().put("port", server.getAddress().getPort());
    }

    static JSONObject served() {
        return new JSONObject().put("sights", new JSONArray(SIGHTS));
    }

    private static SSLContext tls(JSONObject job) throws Exception {
        Keys own = Keys.of(job.getJSONObject("keystore"));
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(own.store(), own.password().toCharArray());
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(Keys.of(job.getJSONObject("clients")).store());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }

    private static void answer(JSONObject job, HttpExchange exchange) throws IOException {
        JSONObject sight = new JSONObject().put("refused", "");
        String body;
        int status = 200;
        try {
            body = rated(job, (HttpsExchange) exchange, sight);
        } catch (WSSecurityException refusal) {
            sight.put("refused", refusal.getMessage());
            status = 500;
            body = "<e:Fault><faultcode>e:Client</faultcode><faultstring>not for you</faultstring></e:Fault>";
        } catch (Exception trouble) {
            sight.put("refused", trouble.toString());
            status = 500;
            body = "<e:Fault><faultcode>e:Server</faultcode><faultstring>trouble</faultstring></e:Fault>";
        }
        SIGHTS.add(sight);
        byte[] message = ("<e:Envelope xmlns:e=\"" + SOAP + "\"><e:Body>" + body + "</e:Body></e:Envelope>")
            .getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "text/xml; charset=utf-8");
        exchange.sendResponseHeaders(status, message.length);
        exchange.getResponseBody().write(message);
        exchange.close();
    }

    private static String rated(JSONObject job, HttpsExchange exchange, JSONObject sight) throws Exception {
        String text = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        RequestData data = new RequestData();
        data.setTlsCerts(certificates(exchange, sight));
        data.setCallbackHandler(callbacks -> ((WSPasswordCallback) callbacks[0])
            .setPassword(job.optString("password")));
        if (job.has("audience")) {
            data.setAudienceRestrictions(List.of(job.getString("audience")));
        }
        Document message = Xml.parse(text);
        List<WSSecurityEngineResult> results = new WSSecurityEngine().processSecurityHeader(message, data).getResults();
        String who = "";
        for (WSSecurityEngineResult result : results) {
            if (result.get(WSSecurityEngineResult.TAG_SAML_ASSERTION) instanceof SamlAssertionWrapper assertion) {
                who = assertion.getSubjectName();
                sight.put("saml", assertion.getSamlVersion().toString()).put("issuer", assertion.getIssuerString())
                    .put("method", assertion.getConfirmationMethods().get(0));
            } else if (result.get(WSSecurityEngineResult.TAG_PRINCIPAL) != null) {
                who = ((java.security.Principal) result.get(WSSecurityEngineResult.TAG_PRINCIPAL)).getName();
            }
        }
        sight.put("who", who);
        Element amount = (Element) message.getElementsByTagNameNS("*", "amount").item(0);
        int score = Integer.parseInt(amount.getTextContent()) % 97;
        return "<RateResponse xmlns=\"urn:ims-gateway:lab:rating\"><score>" + score + "</score><who>" + who
            + "</who></RateResponse>";
    }

    private static Certificate[] certificates(HttpsExchange exchange, JSONObject sight) {
        try {
            Certificate[] found = exchange.getSSLSession().getPeerCertificates();
            sight.put("certificate", ((X509Certificate) found[0]).getSubjectX500Principal().getName());
            return found;
        } catch (SSLPeerUnverifiedException nobody) {
            return new X509Certificate[0];
        }
    }
}
