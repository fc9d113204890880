// node-soap behind xml-crypto: verifies a message, then has node-soap echo it.
//
// usage: server.mjs <wsdl> <port> <ca.pem> <sender.pem> <key.pem or -> <certificate.pem or -> <audience> <user> <password>
//
// The last part of the path says what is asked of a message: PlainPort nothing, UserPort a UsernameToken with the
// user's password, OnePort an assertion that the one sender signed, ManyPort one that anybody signed whose certificate
// the authority issued. A signature has to cover Body, Timestamp and assertion. What is taken from the message is
// read from what xml-crypto says was signed, never from the message itself.
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";

import { DOMParser } from "@xmldom/xmldom";
import soap from "soap";
import { SignedXml } from "xml-crypto";

const SOAP = "http://schemas.xmlsoap.org/soap/envelope/";
const OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-";
const WSSE = `${OASIS}wssecurity-secext-1.0.xsd`;
const WSU = `${OASIS}wssecurity-utility-1.0.xsd`;
const SAML = "urn:oasis:names:tc:SAML:2.0:assertion";
const DS = "http://www.w3.org/2000/09/xmldsig#";
const ROOT = "/imssoap/services";

const [wsdl, port, caFile, senderFile, keyFile, certificateFile, audience, user, password] = process.argv.slice(2);
const authority = new X509Certificate(readFileSync(caFile));
const sender = new X509Certificate(readFileSync(senderFile));
const known = new Map(); // certificates by their bytes in the message, once the authority's signature was verified

class Refused extends Error {}

function require(condition, reason) {
  if (!condition) throw new Refused(reason);
}

function only(parent, namespace, name) {
  const found = parent.getElementsByTagNameNS(namespace, name);
  require(found.length === 1, `one ${name} is wanted`);
  return found[0];
}

function certificateOf(token) {
  const text = token.textContent;
  let certificate = known.get(text);
  if (!certificate) {
    certificate = new X509Certificate(Buffer.from(text, "base64"));
    require(certificate.checkIssued(authority) && certificate.verify(authority.publicKey), "nobody known");
    known.set(text, certificate);
  }
  const now = Date.now();
  require(Date.parse(certificate.validFrom) <= now && now < Date.parse(certificate.validTo), "not valid now");
  return certificate;
}

function within(from, until) {
  const now = Date.now();
  require(Date.parse(from) - 60000 <= now && now < Date.parse(until), "not for now");
}

function signedPart(signer, namespace, name) {
  for (const text of signer.getSignedReferences()) {
    const root = new DOMParser().parseFromString(text).documentElement;
    if (root.namespaceURI === namespace && root.localName === name) return root;
  }
  throw new Refused(`${name} is not signed`);
}

function vouched(message, document, service) {
  const certificate = certificateOf(only(document, WSSE, "BinarySecurityToken"));
  require(service !== "OnePort" || certificate.raw.equals(sender.raw), "not the sender");
  // xml-crypto's idMode knows wsu:Id alone, without it also the Id and ID of other standards
  const signer = new SignedXml({ publicCert: certificate.publicKey, getCertFromKeyInfo: () => null });
  signer.idAttributes = ["ID", "Id"];
  signer.loadSignature(only(document, DS, "Signature"));
  require(signer.checkSignature(message), "the signature is wrong");
  require(signedPart(signer, SOAP, "Body"), "");
  const timestamp = signedPart(signer, WSU, "Timestamp");
  within(only(timestamp, WSU, "Created").textContent, only(timestamp, WSU, "Expires").textContent);
  const assertion = signedPart(signer, SAML, "Assertion");
  const conditions = only(assertion, SAML, "Conditions");
  within(conditions.getAttribute("NotBefore"), conditions.getAttribute("NotOnOrAfter"));
  require(only(conditions, SAML, "Audience").textContent === audience, "not for us");
  require(only(assertion, SAML, "NameID").textContent, "nobody");
}

function authenticated(document) {
  const token = only(document, WSSE, "UsernameToken");
  require(only(token, WSSE, "Username").textContent === user, "not the user");
  require(only(token, WSSE, "Password").textContent === password, "not the password");
}

function verify(message, service) {
  if (service === "PlainPort") return;
  const document = new DOMParser().parseFromString(message);
  if (service === "UserPort") authenticated(document);
  else vouched(message, document, service);
}

const FAULT =
  `<e:Envelope xmlns:e="${SOAP}"><e:Body><e:Fault><faultcode>e:Client</faultcode>` +
  "<faultstring>not for you</faultstring></e:Fault></e:Body></e:Envelope>";

function refuse(response) {
  response.writeHead(500, { "Content-Type": "text/xml; charset=utf-8", "Content-Length": FAULT.length });
  response.end(FAULT);
}

function handle(request, response) {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const message = Buffer.concat(chunks).toString("utf8");
    const service = request.url.slice(request.url.lastIndexOf("/") + 1);
    try {
      verify(message, service);
    } catch (refusal) {
      if (!(refusal instanceof Refused)) process.stderr.write(`${refusal}\n`);
      return refuse(response);
    }
    request.url = ROOT;
    request.body = message; // node-soap takes it from here, as from Express's body parser
    answer(request, response);
  });
}

const services = { LabService: { LabPort: { Echo: (work) => work } } };
const unused = createServer(); // node-soap hangs its listener on it, which is called by hand
let answer;

function serve() {
  [answer] = unused.listeners("request");
  const server =
    keyFile === "-"
      ? createServer(handle)
      : createSecureServer({ key: readFileSync(keyFile), cert: readFileSync(certificateFile) }, handle);
  server.listen(Number(port), "127.0.0.1");
}

soap.listen(unused, { path: ROOT, services, xml: readFileSync(wsdl, "utf8"), callback: serve });
