// The services by node-soap over TLS: node server.mjs CONTRACTS KEY CLIENTS SIGHTS
//
// CONTRACTS: folder with the WSDLs; KEY: PEM file with key and certificate; CLIENTS: authorities of client
// certificates; SIGHTS: file that gets a line of JSON for each call. Prints the ports as JSON, ends when its standard input does.
// An address is /POLICY/SERVICE.
import { appendFileSync, readFileSync } from 'node:fs'
import https from 'node:https'
import path from 'node:path'
import soap from 'soap'

const [contracts, key, clients, sights] = process.argv.slice(2)
const USER = 'gw'
const PASSWORD = 'partner-secret'
const TOKEN_PASSWORD = 'token-secret'
const ISSUER = 'ims-gateway'
const VOUCHES = {
  1.1: 'urn:oasis:names:tc:SAML:1.0:cm:sender-vouches',
  '2.0': 'urn:oasis:names:tc:SAML:2.0:cm:sender-vouches',
}
const POLICIES = ['open', 'basic', 'username', 'saml11', 'saml20']

// an element that has attributes is an object with its text as $value
const text = (value) => (value && typeof value === 'object' ? value.$value : value) ?? null

function samlOf (security) {
  const found = security?.Assertion
  if (!found) return null
  const said = found.attributes.Version === '2.0'
    ? {
        version: '2.0',
        name: text(found.Subject.NameID),
        method: found.Subject.SubjectConfirmation.attributes.Method,
        issuer: text(found.Issuer),
        audience: text(found.Conditions.AudienceRestriction?.Audience),
      }
    : {
        version: `${found.attributes.MajorVersion}.${found.attributes.MinorVersion}`,
        name: text((found.AuthenticationStatement ?? found.AttributeStatement).Subject.NameIdentifier),
        method: text((found.AuthenticationStatement ?? found.AttributeStatement).Subject.SubjectConfirmation
          .ConfirmationMethod),
        issuer: found.attributes.Issuer,
        audience: text(found.Conditions.AudienceRestrictionCondition?.Audience),
      }
  const { NotBefore, NotOnOrAfter } = found.Conditions.attributes
  const [now, begin, end] = [Date.now(), Date.parse(NotBefore), Date.parse(NotOnOrAfter)]
  return { ...said, valid: begin <= now && now < end, lifetime: Math.round((end - now) / 1000) }
}

function usernameOf (security) {
  const token = security?.UsernameToken
  return token ? { user: text(token.Username), password: text(token.Password) } : null
}

function basicOf (request) {
  const [kind, coded] = (request.headers.authorization ?? '').split(' ')
  if (kind.toLowerCase() !== 'basic') return null
  const plain = Buffer.from(coded, 'base64').toString()
  const colon = plain.indexOf(':')
  return { user: plain.slice(0, colon), password: plain.slice(colon + 1) }
}

const note = (sight) => appendFileSync(sights, JSON.stringify(sight) + '\n')
const policyOf = (request) => request.url.split('/')[1]

// Returns who calls, or throws why not.
function judge (policy, sight) {
  if (policy === 'open') return sight.basic ?? sight.certificate ?? 'nobody'
  if (policy === 'basic') return sight.basic // asked for before node-soap
  if (policy === 'username') {
    if (!sight.username || ![null, TOKEN_PASSWORD].includes(sight.username.password)) {
      throw new Error('no UsernameToken, or not this password')
    }
    return sight.username.user
  }
  const version = policy === 'saml11' ? '1.1' : '2.0'
  const saml = sight.saml
  if (saml?.version !== version) throw new Error(`no assertion of SAML ${version}`)
  if (saml.method !== VOUCHES[version] || saml.issuer !== ISSUER || !saml.valid) {
    throw new Error('the assertion is of another kind, of somebody else, or over')
  }
  if (!sight.certificate) throw new Error('nobody vouches: there is no client certificate')
  return saml.name
}

// the kind of fault follows the version of SOAP that the address speaks
function fault (request, code, reason, detail) {
  return request.url.endsWith('12')
    ? { Fault: { Code: { Value: 'soap:Sender' }, Reason: { Text: reason }, Detail: detail, statusCode: 400 } }
    : { Fault: { faultcode: code, faultstring: reason, detail, statusCode: 500 } }
}

function received (operation, values, headers, request) {
  const sight = {
    stack: 'node',
    policy: policyOf(request),
    operation,
    values,
    basic: basicOf(request)?.user ?? null,
    certificate: request.socket.getPeerCertificate?.()?.subject?.CN ?? null,
    soap: /soap\+xml/.test(request.headers['content-type']) ? '1.2' : '1.1',
    message_id: text(headers?.MessageID),
    action: text(headers?.Action),
    to: text(headers?.To),
    saml: samlOf(headers?.Security),
    username: usernameOf(headers?.Security),
    refused: '',
  }
  try {
    const who = judge(sight.policy, sight)
    note(sight)
    return who
  } catch (refusal) {
    note({ ...sight, refused: refusal.message })
    throw fault(request, 'soap:Client.Policy', refusal.message)
  }
}

const rate = (operation) => (args, _done, headers, request) => {
  const [customer, amount] = [text(args.customer), Number(text(args.amount))]
  return { score: amount % 97, who: received(operation, { customer, amount }, headers, request) }
}

function refuse (args, _done, headers, request) {
  received('Refuse', {}, headers, request)
  throw fault(request, 'soap:Client.Refused', `refused: ${args.reason}`, { reason: args.reason })
}

function post (args, _done, headers, request) {
  const time = new Date(args.time).toISOString().replace('.000Z', 'Z')
  try {
    received('Post', { id: text(args.id), time, text: text(args.text) }, headers, request)
  } catch {
    // one-way: node-soap has answered before it called us, so the refusal is only noted
  }
}

const rating = { Rate: rate('Rate'), Refuse: refuse }
const SERVICES = {
  rating: ['rating.wsdl', { RatingService: { RatingPort: rating, RatingPort12: rating } }],
  rating12: ['rating.wsdl', { RatingService: { RatingPort: rating, RatingPort12: rating } }],
  ratingrpc: ['ratingrpc.wsdl', { RatingRpcService: { RatingRpcPort: { Rate: rate('RpcRate') } } }],
  events: ['events.wsdl', { EventsService: { EventsPort: { Post: post } } }],
}

async function listen (options) {
  const server = https.createServer({ key: readFileSync(key), cert: readFileSync(key), ...options })
  server.on('request', (_request, response) => response.writeHead(404).end())
  const ready = []
  for (const policy of POLICIES) {
    for (const [name, [wsdl, services]] of Object.entries(SERVICES)) {
      const contract = readFileSync(path.join(contracts, wsdl), 'utf8')
        // node-soap finds the port by the path of its address
        .replaceAll(/https:\/\/rating\.example\.com\//g, `https://127.0.0.1/${policy}/`)
      ready.push(new Promise((resolve, reject) => {
        const made = soap.listen(server, {
          path: `/${policy}/${name}`,
          services,
          xml: contract,
          forceSoap12Headers: name.endsWith('12'),
          oneWay: { emptyBody: true, responseCode: 202 }, // an envelope whose body is empty
          callback: (error) => (error ? reject(error) : resolve()),
        })
        made.authorizeConnection = (request, response) => {
          if (policyOf(request) !== 'basic' || request.method !== 'POST') return true
          const said = basicOf(request)
          if (said?.user === USER && said.password === PASSWORD) return true
          note({ stack: 'node', policy: 'basic', refused: 'HTTP Basic' })
          response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="lab"' })
          return false
        }
      }))
    }
  }
  await Promise.all(ready)
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server.address().port
}

const tls = await listen({})
const mutual = await listen({ ca: readFileSync(clients), requestCert: true, rejectUnauthorized: true })
console.log(JSON.stringify({ tls, mutual }))
process.stdin.on('end', () => process.exit(0)).resume()
