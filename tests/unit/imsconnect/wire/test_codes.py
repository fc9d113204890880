"""Every code against a list made by hand from IBM's tables.

The columns: who acts (client C, user U, IMS Connect H, IMS I, network N, nobody -), may it be sent again (no,
again, else, ?), socket (closed, kept), some of the words.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.imsconnect.wire import Fault, Retry, Rsm, RsmFlags, describe
from gateway.imsconnect.wire.aib import AIB_CODES
from gateway.imsconnect.wire.codes import RETURN_CODES
from gateway.imsconnect.wire.racf import RACF_CODES
from gateway.imsconnect.wire.reasons import REASON_CODES
from gateway.imsconnect.wire.sense import SENSE_CODES
from gateway.imsconnect.wire.xml_adapter import XML_ADAPTER_CODES

FAULTS = {
    "C": Fault.CLIENT,
    "U": Fault.CREDENTIALS,
    "H": Fault.CONNECT,
    "I": Fault.IMS,
    "N": Fault.NETWORK,
    "-": Fault.NOBODY,
}
RETRIES = {"no": Retry.NO, "again": Retry.AGAIN, "else": Retry.ELSEWHERE, "?": Retry.UNKNOWN}

RETURNS = """
4 C ? closed    message exit
8 H ? closed    IMS Connect
12 I ? closed   OTMA
16 I ? closed   sense code
20 - no kept    PING
24 I ? closed   SCI
28 I ? closed   OM
32 I ? closed   IRM_TIMER
36 I ? closed   default timer
40 I ? kept     IRM_TIMER
44 I again closed  datastore
"""

REASONS = """
4 4 - C no closed   larger than the buffer
4 5 - C no closed   negative length
4 6 - C no closed   IRM_LEN
4 7 - C no closed   total length
12 8 - I again closed   NAK without sense code
4 9 INVBUF C no closed   contents of the buffer
4 10 - H ? closed   output is larger
4 11 - C no closed   Unicode
4 12 - C no closed   no data
8 13 - C no closed   adapter name
8 14 - H no closed   not processed
8 15 - H ? closed   not valid
8 16 - C ? closed   client is not known
8 20 - C ? closed   segment length
8 24 - C ? closed   first segment
8 28 - C ? closed   last segment
8 32 - H ? closed   sequence number
8 34 - C no closed   context token
8 36 - C no closed   protocol error
8 40 - U no closed   security violation
8 44 - C no closed   incomplete
8 48 - C no closed   message length
8 51 NOSECHDR H no closed   security header
8 52 INVESECHL H no closed   no security data
8 53 SECFNOPW U no closed   no password
8 54 SECFNUID U no closed   no user id
8 55 SECFNPUI U no closed   neither user id nor password
8 56 DUPECLNT C again closed   duplicate client id
8 57 INVLDTOK H ? closed   token
8 58 INVLDSTA H ? closed   client status
8 59 CANTIMER - no closed   cancel timer done
8 70 NFNDCOMP H no closed   component
8 71 NFNDFUNC H no closed   function
8 72 NFNDDST H else closed   datastore not found
8 73 DSCLOSE H else closed   shutting down
8 74 STP/CLSE I else closed   stopping
8 75 DSCERR N ? closed   communication error
8 76 STOPCMD H ? closed   by command
8 77 COMMERR N ? closed   outcome is not known
8 78 SECFAIL U no closed   RACF
8 79 PROTOERR H ? closed   protocol error
8 80 NOTACTV H else closed   IMSplex
12 81 CANCRTP C again closed   RESUME TPIPE
12 82 - I again closed   tpipe is stopped
12 83 - - again closed   new output
4 93 INVLDCM1 C no closed   commit mode 1
4 94 REQUEST - no kept   response is requested
4 95 CONVER - no kept   conversation
4 96 REQ_CON - no kept   conversation
4 97 DEAL_CTD - no kept   committed
4 98 DEAL_ABT I no kept   backed out
8 99 DEFRESON H ? closed   default
8 100 - H ? closed   queued
8 101 - H ? closed   no buffer
8 102 - H ? closed   buffer address
8 103 - H ? closed   input buffer
8 104 - H ? closed   output buffer
8 105 - H ? closed   not supported
8 106 - H ? closed   bad code
8 107 - H ? closed   second output buffer
8 108 - H ? closed   data length
8 110 - H ? closed   adapter function
8 111 - H ? closed   output buffer
8 112 - C no closed   no transaction code
4 113 - C no closed   length or offset
4 114 - C no closed   offset
4 117 - C no closed   246
4 118 - C no closed   254
"""

SENSES = """
23 C no   RRS
26 I no   rejected
40 - again   RESUME TPIPE
43 C ?   after the OTMA timeout
46 C no   two-phase
51 U no   not authorized
"""

RACF = """
4 U no   not defined
8 U no   wrong
12 U no   expired
16 U no   new password
20 U no   group
24 U no   exit
28 U no   revoked
32 H no   not active
36 U no   group is revoked
40 U no   card is required
44 U no   card is not valid
48 U no   terminal
52 U no   application
"""

ADAPTER = """
8 H ?   function code
108 H no   inbound: converter not found
112 H no   inbound: the converter could not be loaded
116 H no   inbound: the converter's metadata
118 H no   inbound: pre-initialization
120 H no   inbound: the get-metadata
208 H ?   outbound: converter not found
212 H ?   outbound: the converter could not be loaded
216 H ?   outbound: the converter's metadata
218 H ?   outbound: pre-initialization
220 H ?   outbound: the get-metadata
"""

AIB = """
0 0 - no   answered
256 12 C no   part
256 256 I ?   shutting down
256 260 C ?   timed out
256 264 C no   refused
256 268 C no   error
"""


def rows(text, columns):
    return [line.split(None, columns - 1) for line in text.strip().splitlines()]


def judged(fault, retry):
    return FAULTS[fault], RETRIES[retry]


def test_the_lists_here_have_every_code():
    assert [int(row[0]) for row in rows(RETURNS, 5)] == list(RETURN_CODES)
    assert [int(row[1]) for row in rows(REASONS, 7)] == list(REASON_CODES)
    assert [int(row[0]) for row in rows(SENSES, 4)] == list(SENSE_CODES)
    assert [int(row[0]) for row in rows(RACF, 4)] == list(RACF_CODES)
    assert [int(row[0]) for row in rows(ADAPTER, 4)] == list(XML_ADAPTER_CODES)
    assert [(int(row[0]), int(row[1])) for row in rows(AIB, 5)] == list(AIB_CODES)


@pytest.mark.parametrize(("number", "fault", "retry", "socket", "words"), rows(RETURNS, 5))
def test_each_return_code(number, fault, retry, socket, words):
    code = RETURN_CODES[int(number)]
    assert words in code.text
    assert (code.fault, code.retry) == judged(fault, retry)
    assert code.closes is (socket == "closed")


@pytest.mark.parametrize(("returned", "number", "name", "fault", "retry", "socket", "words"), rows(REASONS, 7))
def test_each_reason_code(returned, number, name, fault, retry, socket, words):
    meaning = describe(Rsm(int(returned), int(number)))
    assert words in meaning.text
    assert meaning.name == (f"{returned}/{number}" if name == "-" else name)
    assert (meaning.fault, meaning.retry) == judged(fault, retry)
    assert meaning.socket_closed is (socket == "closed")
    assert int(returned) in REASON_CODES[int(number)].beside


@pytest.mark.parametrize(("number", "fault", "retry", "words"), rows(SENSES, 4))
def test_each_sense_code(number, fault, retry, words):
    meaning = describe(Rsm(16, int(number), 7))
    assert meaning.text.startswith(f"OTMA sense code X'{int(number):04X}' reason X'07': ")
    assert words in meaning.text
    assert (meaning.fault, meaning.retry) == judged(fault, retry)
    assert meaning.socket_closed


@pytest.mark.parametrize(("number", "fault", "retry", "words"), rows(RACF, 4))
def test_each_racf_code(number, fault, retry, words):
    meaning = describe(Rsm(8, 78, int(number)))
    assert meaning.name == "SECFAIL"
    assert meaning.text.startswith("RACF refused the user: ")
    assert words in meaning.text
    assert meaning.client_action == RACF_CODES[int(number)].action
    assert (meaning.fault, meaning.retry) == judged(fault, retry)
    assert meaning.sign_on_failed


@pytest.mark.parametrize(("number", "fault", "retry", "words"), rows(ADAPTER, 4))
def test_each_code_of_the_xml_adapter(number, fault, retry, words):
    meaning = describe(Rsm(int(number), 0, xml_adapter=True))
    assert words in meaning.text
    assert (meaning.fault, meaning.retry) == judged(fault, retry)
    assert meaning.socket_closed


@pytest.mark.parametrize(("returned", "number", "fault", "retry", "words"), rows(AIB, 5))
def test_each_code_that_ical_ends_with(returned, number, fault, retry, words):
    code = AIB_CODES[int(returned), int(number)]
    assert words in code.text
    assert (code.fault, code.retry) == judged(fault, retry)


# What IMS may have run when it comes: time is over, the way to IMS fails, the output cannot be handed over
AFTER_IMS = [
    *(Rsm(timer, value) for timer in (32, 36, 40) for value in (0, 0x19, 0x45, 0x61, 0xFF)),
    *(Rsm(code, reason) for code in (4, 8, 12) for reason in (10, 15, 16, 36, 75, 76, 77, 79, 97, 98, 99)),
    *(Rsm(code, reason) for code in (4, 8, 12) for reason in (*range(100, 109), 110, 111)),
    *(Rsm(code, 0, xml_adapter=True) for code in (8, 208, 212, 216, 218, 220)),
    Rsm(16, 0x2B),
    Rsm(24, 1),
    Rsm(28, 1),
]


@pytest.mark.parametrize("rsm", AFTER_IMS, ids=lambda rsm: f"{rsm.return_code}/{rsm.reason_code}")
def test_nothing_that_may_come_after_ims_ran_says_that_it_may_be_sent_again(rsm):
    assert describe(rsm).retry in {Retry.NO, Retry.UNKNOWN}


@pytest.mark.parametrize(
    ("number", "of_an_exit"), [(0x0FFF, False), (0x1000, True), (0x8FFF, True), (0x9000, False)]
)
def test_sense_codes_of_customers_exits_are_told_from_ibms(number, of_an_exit):
    assert ("user exit" in describe(Rsm(16, number)).text) is of_an_exit


def test_beside_a_timer_or_a_text_a_number_is_no_reason():
    assert describe(Rsm(40, 74)).retry is Retry.UNKNOWN
    assert describe(Rsm(20, 78)).fault is Fault.NOBODY
    assert not describe(Rsm(20, 78)).sign_on_failed


def is_known(rsm):
    if rsm.xml_adapter:
        return rsm.return_code in XML_ADAPTER_CODES
    if rsm.return_code in {4, 8, 12}:
        return rsm.reason_code in REASON_CODES
    return rsm.return_code in RETURN_CODES and (rsm.return_code != 16 or rsm.reason_code in SENSE_CODES)


numbers = st.one_of(st.integers(0, 260), st.integers(0, 2**32 - 1))


@given(st.builds(Rsm, numbers, numbers, st.integers(0, 255), st.integers(0, 255).map(RsmFlags), st.booleans()))
def test_any_rsm_has_words_and_an_unknown_one_is_never_sent_again(rsm):
    meaning = describe(rsm)
    assert meaning.name
    assert meaning.text
    assert meaning.client_action
    if not is_known(rsm):
        assert meaning.retry is Retry.UNKNOWN
        assert meaning.socket_closed
        assert not meaning.sign_on_failed
    if meaning.timeout:
        assert meaning.retry is Retry.UNKNOWN
    if meaning.sign_on_failed:
        assert meaning.retry is Retry.NO
