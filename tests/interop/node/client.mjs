// node-soap as an outside client of the gateway.
//
// usage: client.mjs <base-url> <ca.pem> <service>/<call>/<soap>/<token> [user password]
//
// Prints one line of JSON and exits 0 when a reply or a SOAP fault came; anything else (no TLS, no
// HTTP, no envelope) goes to standard error with exit 1.
import { readFileSync } from "node:fs";
import { Agent } from "node:https";

import axios from "axios";
import soap from "soap";

const PORTS = { plain: "PhoneBookPort", secure: "SecurePhoneBookPort" };
const TOKENS = {
  text: { passwordType: "PasswordText" },
  nonce: { passwordType: "PasswordText", hasNonce: true },
  digest: { passwordType: "PasswordDigest" },
};
const REQUESTS = {
  whoami: ["WhoAmI", {}],
  display: ["PhoneBook", { command: "DISPLAY", lastName: "LAST1" }],
  unknown: ["PhoneBook", { command: "DISPLAY", lastName: "MÜLLER" }],
  invalid: ["PhoneBook", { command: "ERASE", lastName: "LAST1" }],
};

async function connect(base, ca, service, version) {
  const address = `${base}/imssoap/services/${PORTS[service]}`;
  const request = axios.create({ httpsAgent: new Agent({ ca: readFileSync(ca) }), timeout: 30000 });
  const soap12 = version === "1.2";
  // The endpoint is left to the WSDL: the address in it has to be the live one.
  return soap.createClientAsync(`${address}?wsdl`, { request, forceSoap12Headers: soap12 });
}

// An element with an attribute, such as xml:lang, is an object with its text in $value.
const textOf = (element) => element.$value ?? element;

function faultOf(error) {
  const fault = error.root?.Envelope?.Body?.Fault;
  if (!fault) throw error;
  const httpStatus = error.response?.status ?? null;
  if (fault.Code) {
    return {
      code: textOf(fault.Code.Value),
      subcode: fault.Code.Subcode ? textOf(fault.Code.Subcode.Value) : null,
      string: textOf(fault.Reason.Text),
      httpStatus,
    };
  }
  return { code: textOf(fault.faultcode), subcode: null, string: textOf(fault.faultstring), httpStatus };
}

async function main([base, ca, scenario, user, password]) {
  const [service, call, version, token] = scenario.split("/");
  const client = await connect(base, ca, service, version);
  if (token !== "none") {
    client.setSecurity(new soap.WSSecurity(user, password, { ...TOKENS[token], mustUnderstand: true }));
  }
  const [operation, input] = REQUESTS[call];
  try {
    const [result] = await client[`${operation}Async`](input);
    return { ok: true, fault: null, result };
  } catch (error) {
    return { ok: false, fault: faultOf(error), result: null };
  }
}

try {
  console.log(JSON.stringify(await main(process.argv.slice(2))));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
