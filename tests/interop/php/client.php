<?php
// PHP's SoapClient as an outside client of the gateway, with a UsernameToken made from SoapVar.
//
// usage: client.php <base-url> <ca.pem> <service>/<call>/<soap>/<token> [user password]
//
// Prints one line of JSON and exits 0 when a reply or a SOAP fault came; anything else (no TLS, no
// HTTP, no envelope) goes to standard error with exit 1.
declare(strict_types=1);

const WSSE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';
const PASSWORD_TEXT = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText';
const ENVELOPES = [
    '1.1' => 'http://schemas.xmlsoap.org/soap/envelope/',
    '1.2' => 'http://www.w3.org/2003/05/soap-envelope',
];
const PORTS = ['plain' => 'PhoneBookPort', 'secure' => 'SecurePhoneBookPort'];
const REQUESTS = [
    'whoami' => ['WhoAmI', []],
    'display' => ['PhoneBook', ['command' => 'DISPLAY', 'lastName' => 'LAST1']],
    'unknown' => ['PhoneBook', ['command' => 'DISPLAY', 'lastName' => 'MÜLLER']],
    'invalid' => ['PhoneBook', ['command' => 'ERASE', 'lastName' => 'LAST1']],
];

function connect(string $base, string $ca, string $service, string $version): SoapClient
{
    $tls = ['cafile' => $ca, 'verify_peer' => true, 'verify_peer_name' => true];
    // The location is left to the WSDL: the address in it has to be the live one.
    return new SoapClient("$base/imssoap/services/" . PORTS[$service] . '?wsdl', [
        'soap_version' => $version === '1.2' ? SOAP_1_2 : SOAP_1_1,
        'stream_context' => stream_context_create(['ssl' => $tls]),
        'cache_wsdl' => WSDL_CACHE_NONE,
        'connection_timeout' => 30,
        'trace' => true,
        'exceptions' => true,
    ]);
}

/** SoapVar cannot put an attribute on a text, so the header is written as XML, mustUnderstand included. */
function usernameToken(string $version, string $user, string $password): SoapHeader
{
    $escape = fn (string $text): string => htmlspecialchars($text, ENT_XML1 | ENT_QUOTES, 'UTF-8');
    $xml = '<wsse:Security xmlns:wsse="' . WSSE . '" xmlns:e="' . ENVELOPES[$version] . '" e:mustUnderstand="1">'
        . '<wsse:UsernameToken>'
        . '<wsse:Username>' . $escape($user) . '</wsse:Username>'
        . '<wsse:Password Type="' . PASSWORD_TEXT . '">' . $escape($password) . '</wsse:Password>'
        . '</wsse:UsernameToken></wsse:Security>';
    return new SoapHeader(WSSE, 'Security', new SoapVar($xml, XSD_ANYXML));
}

function faultOf(SoapFault $fault, SoapClient $client): array
{
    // SoapClient makes faults of its own for troubles of the network; only those with a reply are the peer's.
    if (!preg_match('#^HTTP/1\.1 (\d+)#', (string) $client->__getLastResponseHeaders(), $status)) {
        throw $fault;
    }
    return [
        'code' => $fault->faultcode,
        'subcode' => null,
        'string' => $fault->faultstring,
        'httpStatus' => (int) $status[1],
    ];
}

function main(string $base, string $ca, string $scenario, string $user = '', string $password = ''): array
{
    [$service, $call, $version, $token] = explode('/', $scenario);
    $client = connect($base, $ca, $service, $version);
    if ($token === 'text') {
        $client->__setSoapHeaders([usernameToken($version, $user, $password)]);
    }
    [$operation, $input] = REQUESTS[$call];
    try {
        return ['ok' => true, 'fault' => null, 'result' => $client->__soapCall($operation, [$input])];
    } catch (SoapFault $fault) {
        return ['ok' => false, 'fault' => faultOf($fault, $client), 'result' => null];
    }
}

try {
    echo json_encode(main(...array_slice($argv, 1)), JSON_THROW_ON_ERROR), "\n";
} catch (Throwable $error) {
    fwrite(STDERR, $error->getMessage() . "\n");
    exit(1);
}
