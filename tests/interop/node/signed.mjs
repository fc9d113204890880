// node-soap's WSSecurityCert: prints the message that it would send for an Echo, and sends nothing.
//
// usage: signed.mjs <wsdl file> <key.pem> <certificate.pem> <assertion file> <mode> <version>
//
// mode: `default` (as the library comes, the assertion beside it), `wssecurity` (every part signed, by ids of the
// library's own), `strict` (every part signed, each by the id that its standard names).
import { readFileSync } from "node:fs";

import soap from "soap";

const EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#";
const RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
const WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";

// The library's own Timestamp gets no wsu:Id, unless idMode puts one on the assertion too.
function timestamp() {
  const moment = (seconds) => new Date(Date.now() + 1000 * seconds).toISOString();
  return (
    `<wsu:Timestamp xmlns:wsu="${WSU}" wsu:Id="timestamp"><wsu:Created>${moment(0)}</wsu:Created>` +
    `<wsu:Expires>${moment(300)}</wsu:Expires></wsu:Timestamp>`
  );
}

function optionsOf(mode, assertion) {
  const name = assertion.match(/^<([\w:]+)/)[1];
  const signed = { signatureAlgorithm: RSA_SHA256, signatureTransformations: [EXC_C14N] };
  switch (mode) {
    case "wssecurity":
      return {
        ...signed,
        appendElement: assertion,
        additionalReferences: [name],
        signerOptions: { prefix: "ds", idMode: "wssecurity" },
      };
    case "strict":
      return {
        ...signed,
        hasTimeStamp: false,
        appendElement: timestamp() + assertion,
        additionalReferences: ["wsu:Timestamp", name],
      };
    default:
      return { appendElement: assertion };
  }
}

const [wsdl, key, certificate, assertionFile, mode, version] = process.argv.slice(2);
process.noDeprecation = true; // what the library warns of is its own
let sent = "";
const httpClient = {
  request(address, data, callback) {
    sent = data;
    callback(new Error("not sent"));
  },
};
const client = await soap.createClientAsync(wsdl, { httpClient, forceSoap12Headers: version === "1.2" });
const options = optionsOf(mode, readFileSync(assertionFile, "utf8"));
const security = new soap.WSSecurityCert(readFileSync(key), readFileSync(certificate, "utf8"), "", options);
if (mode === "strict") {
  client.addBodyAttribute({ "xmlns:wsu": WSU, "wsu:Id": "body" });
  security.signer.idAttributes.unshift("AssertionID"); // SAML 1.1; the library knows ID, of 2.0
}
client.setSecurity(security);
await client.EchoAsync({ text: "hello" }).catch(() => {});
process.stdout.write(sent);
