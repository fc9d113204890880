import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executors;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.UnsupportedCallbackException;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import javax.xml.transform.OutputKeys;
import javax.xml.transform.Transformer;
import javax.xml.transform.TransformerException;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.apache.wss4j.common.crypto.Crypto;
import org.apache.wss4j.common.crypto.Merlin;
import org.apache.wss4j.common.ext.WSPasswordCallback;
import org.apache.wss4j.common.ext.WSSecurityException;
import org.apache.wss4j.common.saml.SamlAssertionWrapper;
import org.apache.wss4j.dom.WSConstants;
import org.apache.wss4j.dom.WSDataRef;
import org.apache.wss4j.dom.engine.WSSConfig;
import org.apache.wss4j.dom.engine.WSSecurityEngine;
import org.apache.wss4j.dom.engine.WSSecurityEngineResult;
import org.apache.wss4j.dom.handler.RequestData;
import org.apache.wss4j.dom.handler.WSHandlerResult;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/**
 * WSS4J behind the HTTP server of the JDK: verifies a message, and echoes its payload.
 *
 * <p>Arguments: port, CA (PEM), the one sender (PEM), key store (PKCS#12, or - for HTTP), its password, audience,
 * user, password. The last part of the path says what is asked of a message: PlainPort nothing, UserPort a UsernameToken
 * with the user's password, OnePort an assertion that the one sender signed, ManyPort one that anybody signed whose
 * certificate the authority issued. A signature has to cover Body, Timestamp and assertion.
 */
public final class Server {
    private static final Set<String> COVERED = Set.of("Body", "Timestamp", "Assertion");
    private static final String SOAP = "http://schemas.xmlsoap.org/soap/envelope/";
    private static final byte[] FAULT = ("<e:Envelope xmlns:e=\"" + SOAP + "\"><e:Body><e:Fault>"
        + "<faultcode>e:Client</faultcode><faultstring>not for you</faultstring></e:Fault></e:Body></e:Envelope>")
        .getBytes(StandardCharsets.UTF_8);
    private static final byte[] HEAD = ("<e:Envelope xmlns:e=\"" + SOAP + "\"><e:Body>").getBytes(StandardCharsets.UTF_8);
    private static final byte[] TAIL = "</e:Body></e:Envelope>".getBytes(StandardCharsets.UTF_8);
    private static final ThreadLocal<DocumentBuilder> PARSER = ThreadLocal.withInitial(Server::parser);
    private static final ThreadLocal<Transformer> WRITER = ThreadLocal.withInitial(Server::writer);

    private final Crypto one;
    private final Crypto many;
    private final String audience;
    private final String user;
    private final String password;

    private Server(String[] arguments) throws Exception {
        one = trusting(Path.of(arguments[2]));
        many = trusting(Path.of(arguments[1]));
        audience = arguments[5];
        user = arguments[6];
        password = arguments[7];
    }

    public static void main(String[] arguments) throws Exception {
        WSSConfig.init();
        Server service = new Server(arguments);
        InetSocketAddress address = new InetSocketAddress(
            InetAddress.getLoopbackAddress(), Integer.parseInt(arguments[0]));
        HttpServer server = arguments[3].equals("-") ? HttpServer.create(address, 0) : secure(address, arguments);
        server.createContext("/", service::answer);
        server.setExecutor(Executors.newFixedThreadPool(64));
        server.start();
    }

    private static HttpServer secure(InetSocketAddress address, String[] arguments) throws Exception {
        char[] secret = arguments[4].toCharArray();
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream file = Files.newInputStream(Path.of(arguments[3]))) {
            store.load(file, secret);
        }
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, secret);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        HttpsServer server = HttpsServer.create(address, 0);
        server.setHttpsConfigurator(new HttpsConfigurator(context));
        return server;
    }

    private static Crypto trusting(Path certificate) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        try (InputStream file = Files.newInputStream(certificate)) {
            X509Certificate read = (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(file);
            store.setCertificateEntry("trusted", read);
        }
        Merlin crypto = new Merlin();
        crypto.setTrustStore(store);
        return crypto;
    }

    private static DocumentBuilder parser() {
        try {
            DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
            factory.setNamespaceAware(true);
            factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
            return factory.newDocumentBuilder();
        } catch (ParserConfigurationException trouble) {
            throw new IllegalStateException(trouble);
        }
    }

    private static Transformer writer() {
        try {
            Transformer made = TransformerFactory.newInstance().newTransformer();
            made.setOutputProperty(OutputKeys.OMIT_XML_DECLARATION, "yes");
            return made;
        } catch (TransformerException trouble) {
            throw new IllegalStateException(trouble);
        }
    }

    private void answer(HttpExchange exchange) throws IOException {
        byte[] message = FAULT;
        int status = 500;
        try {
            String path = exchange.getRequestURI().getPath();
            Document document = PARSER.get().parse(exchange.getRequestBody());
            Element body = child(document.getDocumentElement(), "Body");
            if (accepted(document, path.substring(path.lastIndexOf('/') + 1))) {
                message = echo(body);
                status = 200;
            }
        } catch (WSSecurityException refusal) {
            status = 500;
        } catch (Exception trouble) {
            trouble.printStackTrace();
        }
        exchange.getResponseHeaders().set("Content-Type", "text/xml; charset=utf-8");
        exchange.sendResponseHeaders(status, message.length);
        exchange.getResponseBody().write(message);
        exchange.close();
    }

    private boolean accepted(Document document, String service) throws WSSecurityException {
        return switch (service) {
            case "PlainPort" -> true;
            case "UserPort" -> authenticated(document);
            case "OnePort" -> vouched(document, one);
            case "ManyPort" -> vouched(document, many);
            default -> false;
        };
    }

    private RequestData data() {
        RequestData data = new RequestData();
        data.setAudienceRestrictions(List.of(audience));
        data.setCallbackHandler(this::tell);
        return data;
    }

    private void tell(Callback[] asked) throws UnsupportedCallbackException {
        for (Callback each : asked) {
            if (!(each instanceof WSPasswordCallback wanted)) {
                throw new UnsupportedCallbackException(each);
            }
            if (user.equals(wanted.getIdentifier())) {
                wanted.setPassword(password);
            }
        }
    }

    private boolean authenticated(Document document) throws WSSecurityException {
        WSHandlerResult found = new WSSecurityEngine().processSecurityHeader(document, data());
        return found != null && found.getActionResults().containsKey(WSConstants.UT);
    }

    private boolean vouched(Document document, Crypto trusted) throws WSSecurityException {
        RequestData data = data();
        data.setSigVerCrypto(trusted);
        WSHandlerResult found = new WSSecurityEngine().processSecurityHeader(document, data);
        Set<String> covered = new HashSet<>();
        String who = null;
        for (WSSecurityEngineResult result : found == null ? List.<WSSecurityEngineResult>of() : found.getResults()) {
            int action = (Integer) result.get(WSSecurityEngineResult.TAG_ACTION);
            Object references = result.get(WSSecurityEngineResult.TAG_DATA_REF_URIS);
            if (action == WSConstants.SIGN && references instanceof List<?> list) {
                list.forEach(each -> covered.add(((WSDataRef) each).getProtectedElement().getLocalName()));
            }
            if (result.get(WSSecurityEngineResult.TAG_SAML_ASSERTION) instanceof SamlAssertionWrapper assertion) {
                who = assertion.getSubjectName();
            }
        }
        return who != null && covered.containsAll(COVERED);
    }

    private static Element child(Element parent, String name) {
        for (Node each = parent.getFirstChild(); each != null; each = each.getNextSibling()) {
            if (each instanceof Element element && (name == null || name.equals(element.getLocalName()))) {
                return element;
            }
        }
        throw new IllegalArgumentException("no " + name);
    }

    private static byte[] echo(Element body) throws TransformerException, IOException {
        ByteArrayOutputStream made = new ByteArrayOutputStream(1024);
        made.write(HEAD);
        WRITER.get().transform(new DOMSource(child(body, null)), new StreamResult(made));
        made.write(TAIL);
        return made.toByteArray();
    }
}
