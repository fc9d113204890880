"""What goes with what in an interaction: each rule has something that keeps it and something that breaks it."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import GatewayError, M
from gateway.exchange import CommitMode, SyncLevel, Undeliverable
from gateway.imsconnect import (
    DEFAULT_TIMEOUT,
    FOREVER,
    NO_WAIT,
    Acknowledgment,
    CalloutRequests,
    Credentials,
    Interaction,
    InteractionVerb,
    RequestType,
    Unicode,
)
from gateway.imsconnect.interaction_rules import (
    DEDICATED_RULES,
    RULES,
    broken,
    check,
    check_client_id,
    check_credentials,
)
from tests.unit.imsconnect.connections import TOKEN

V = InteractionVerb
CM0, CM1 = CommitMode.COMMIT_THEN_SEND, CommitMode.SEND_THEN_COMMIT
HOLD = Undeliverable.HOLD
ASK = Interaction(transaction="IVTNO", segments=(b"IVTNO",))
ASK0 = replace(ASK, commit_mode=CM0)
SEND = replace(ASK, verb=V.SEND)
RECEIVE = Interaction(verb=V.RECEIVE)
RESPOND = Interaction(verb=V.RESPOND, segments=(b"42",), correlation_token=TOKEN)
END = Interaction(verb=V.END_CONVERSATION, conversation_id="C")
STEP = replace(ASK, transaction="", conversation_id="C")
REROUTED = replace(ASK0, undeliverable=Undeliverable.REROUTE)

CASES: list[tuple[str, Interaction, dict[str, object]]] = [
    ("trancode", ASK, {"transaction": "NINECHARS"}),
    ("trancode", replace(ASK, transaction="EIGHTCHA"), {"transaction": "ivtno"}),
    ("trancode", replace(ASK, transaction=""), {"transaction": "ÄÖ"}),
    ("trancode", ASK, {"transaction": "A\n"}),
    ("ltermName", replace(ASK, lterm="LTERM001"), {"lterm": "LTERM0001"}),
    ("mapName", replace(ASK, mod_name="DFSMO1"), {"mod_name": "dfsmo1"}),
    ("interactionVerb", END, {"commit_mode": CM0}),
    ("interactionVerb", SEND, {"commit_mode": CM1}),
    ("interactionVerb", RECEIVE, {"commit_mode": CM1}),
    ("interactionVerb", RESPOND, {"commit_mode": CM1}),
    ("syncLevel", replace(ASK0, sync_level=SyncLevel.CONFIRM), {"sync_level": SyncLevel.NONE}),
    ("syncLevel", replace(SEND, sync_level=SyncLevel.CONFIRM), {"sync_level": SyncLevel.NONE}),
    (
        "imsRequestType",
        Interaction(segments=(b"/DIS ACTIVE",), request_type=RequestType.COMMAND),
        {"transaction": "IVTNO"},
    ),
    ("imsRequestType", replace(SEND, transaction=""), {"request_type": RequestType.COMMAND}),
    ("inputData", ASK, {"segments": ()}),
    ("inputData", replace(ASK, segments=(b"1", b"2")), {"segments": (b"1", b"")}),
    ("inputData", SEND, {"segments": ()}),
    ("inputData", RECEIVE, {"segments": (b"1",)}),
    ("inputData", END, {"segments": (b"1",)}),
    ("inputData", replace(ASK, segments=(bytes(32_763),)), {"segments": (b"1", bytes(32_764))}),
    ("executionTimeout", replace(ASK, execution_timeout_ms=1), {"execution_timeout_ms": -3}),
    ("executionTimeout", replace(ASK, execution_timeout_ms=3_600_000), {"execution_timeout_ms": 3_600_001}),
    ("executionTimeout", replace(ASK, execution_timeout_ms=FOREVER), {"execution_timeout_ms": NO_WAIT}),
    ("executionTimeout", replace(RECEIVE, execution_timeout_ms=NO_WAIT), {"execution_timeout_ms": -4}),
    ("socketTimeout", replace(ASK, socket_timeout_ms=0), {"socket_timeout_ms": -1}),
    ("socketTimeout", replace(ASK, budget_ms=0), {"budget_ms": -1}),
    (
        "transExpiration",
        replace(ASK, expires=True, execution_timeout_ms=1),
        {"execution_timeout_ms": DEFAULT_TIMEOUT},
    ),
    ("transExpiration", replace(SEND, expires=True), {"execution_timeout_ms": FOREVER}),
    ("transExpiration", RECEIVE, {"expires": True}),
    (
        "purgeAsyncOutput",
        replace(SEND, undeliverable=Undeliverable.HOLD),
        {"undeliverable": Undeliverable.PURGE},
    ),
    ("purgeAsyncOutput", RECEIVE, {"undeliverable": Undeliverable.REROUTE}),
    ("reRouteName", replace(REROUTED, reroute_name="LATEOUT"), {"undeliverable": Undeliverable.PURGE}),
    ("reRouteName", replace(REROUTED, reroute_name="HWS$DEF"), {"reroute_name": "HWSOTHER"}),
    ("reRouteName", REROUTED, {"reroute_name": "9999"}),
    ("altClientID", replace(RECEIVE, alternate_client_id="ORDERS"), {"alternate_client_id": "orders"}),
    ("altClientID", replace(RECEIVE, alternate_client_id="HWS$DEF"), {"alternate_client_id": "NINECHARS"}),
    ("altClientID", ASK, {"alternate_client_id": "ORDERS"}),
    (
        "calloutRequestType",
        RESPOND,
        {"callout_requests": CalloutRequests.SYNCHRONOUS},
    ),
    ("networkIdentity", ASK, {"network_identity": True}),
    ("ignorePURGCall", replace(ASK0, ignore_purg=True), {"commit_mode": CM1}),
    ("ignorePURGCall", RECEIVE, {"ignore_purg": True}),
    ("CM0Response", replace(ASK0, dfs2082=True), {"commit_mode": CM1}),
    ("CM0Response", SEND, {"dfs2082": True}),
    ("sendOnly", replace(SEND, in_order=True), {"verb": V.SEND_RECEIVE}),
    ("convID", STEP, {"commit_mode": CM0}),
    ("convID", replace(ASK, conversational=True), {"commit_mode": CM0}),
    ("convID", SEND, {"conversational": True}),
    ("convID", RECEIVE, {"conversation_id": "C"}),
    ("convID", END, {"conversation_id": ""}),
    ("syncCalloutCorrelatorToken", RESPOND, {"correlation_token": TOKEN[:39]}),
    ("syncCalloutCorrelatorToken", RESPOND, {"correlation_token": bytes(40)}),
    ("syncCalloutCorrelatorToken", RESPOND, {"correlation_token": b""}),
    ("syncCalloutCorrelatorToken", ASK, {"correlation_token": TOKEN}),
    ("nakReasonCode", replace(RESPOND, nak_reason=0xFFFF), {"nak_reason": 0x10000}),
    ("nakReasonCode", replace(RESPOND, segments=(), nak_reason=0), {"nak_reason": None}),
    ("nakReasonCode", RESPOND, {"nak_reason": -1}),
    ("nakReasonCode", ASK, {"nak_reason": 1}),
    ("unicode", replace(ASK, unicode=Unicode.UTF_8, unicode_transaction=True), {"unicode": None}),
    ("converter", replace(ASK, adapter="HWSXMLA0", converter="IVTNOD"), {"adapter": ""}),
    ("converter", replace(ASK, adapter="HWSXMLA0", converter="IVTNOD"), {"adapter": "NINECHARS"}),
    ("converter", replace(ASK, adapter="HWSXMLA0", converter="IVTNOD"), {"converter": "ivtnod"}),
]


@pytest.mark.parametrize(("rule", "good", "change"), CASES)
def test_a_rule_is_kept_or_named(rule, good, change):
    check(good)
    with pytest.raises(GatewayError) as caught:
        check(replace(good, **change))
    error = caught.value
    assert error.message is M.INTERACTION
    assert error.fields["rule"] == rule
    assert error.text.startswith(f"The interaction breaks the rule {rule}: ")
    assert next(broken(replace(good, **change))).name == rule


def test_every_rule_has_a_case():
    assert {rule.name for rule in RULES} <= {rule for rule, _good, _change in CASES}


@pytest.mark.parametrize(
    ("rule", "good", "change"),
    [
        ("clientID", ASK0, {"commit_mode": CM1}),
        ("clientID", SEND, {"verb": V.SEND_RECEIVE, "commit_mode": None}),
        (
            "purgeAsyncOutput",
            replace(ASK0, undeliverable=Undeliverable.HOLD),
            {"undeliverable": Undeliverable.PURGE},
        ),
        ("purgeAsyncOutput", ASK0, {"undeliverable": Undeliverable.REROUTE}),
    ],
)
def test_a_dedicated_client_id_has_rules_besides(rule, good, change):
    check(good, dedicated=True)
    changed = replace(good, **change)
    check(changed)
    with pytest.raises(GatewayError) as caught:
        check(changed, dedicated=True)
    assert caught.value.fields["rule"] == rule


def test_a_callout_is_answered_over_a_dedicated_client_id_too():
    check(RESPOND, dedicated=True)
    assert len(DEDICATED_RULES) == 2


def test_all_rules_that_are_broken_can_be_told():
    names = [rule.name for rule in broken(replace(ASK, transaction="lower", lterm="lower", nak_reason=1))]
    assert names == ["trancode", "ltermName", "nakReasonCode"]


@pytest.mark.parametrize("name", ["A", "CLIENT01", "@#$", "1A", "12345678A"[1:]])
def test_client_ids_that_may_be_chosen(name):
    check_client_id(name)


@pytest.mark.parametrize("name", ["", "NINECHARS", "client", "HWS", "HWSABC", "9999", "A B", "A-B", "Ä", "A\n"])
def test_client_ids_that_may_not(name):
    with pytest.raises(GatewayError) as caught:
        check_client_id(name)
    assert caught.value.fields["rule"] == "clientID"


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        ("userName", "USER0001", "USER00001"),
        ("userName", "", "A B"),
        ("userName", "@#$", "A\n"),
        ("userName", "USER1", "ÜSER"),
        ("groupName", "GROUP001", "GROUP0001"),
        ("applicationName", "IMSAPPL", "IMSAPPLID"),
    ],
)
def test_names_to_sign_on_with_fit_their_fields_or_are_named(rule, good, bad):
    field = rule.removesuffix("Name")
    check_credentials(Credentials(**{field: good}))
    with pytest.raises(GatewayError) as caught:
        check_credentials(Credentials(**{field: bad}))
    assert caught.value.fields["rule"] == rule
    assert bad not in str(caught.value)


ANY_INTERACTION = st.builds(
    Interaction,
    verb=st.sampled_from([V.SEND_RECEIVE, V.SEND_RECEIVE, V.SEND, V.RECEIVE, V.RESPOND, V.END_CONVERSATION]),
    transaction=st.sampled_from(["IVTNO", "", "lower", "NINECHARS"]),
    segments=st.sampled_from([(b"1",), (), (b"1", b"")]),
    request_type=st.sampled_from(RequestType),
    commit_mode=st.sampled_from([None, CM0, CM1]),
    sync_level=st.sampled_from([None, *SyncLevel]),
    execution_timeout_ms=st.sampled_from([5000, 0, -1, -2, -3, 3_600_001]),
    socket_timeout_ms=st.sampled_from([0, 10_000, -1]),
    budget_ms=st.sampled_from([0, 5, -1]),
    **{
        name: st.sampled_from(values)
        for name, values in {
            "lterm": ["", "L", "l"],
            "mod_name": ["", "M", "m"],
            "undeliverable": [None, *Undeliverable],
            "reroute_name": ["", "R"],
            "alternate_client_id": ["", "A"],
            "callout_requests": list(CalloutRequests),
            "correlation_token": [b"", TOKEN],
            "nak_reason": [None, 0, 7],
            "conversation_id": ["", "C"],
            "adapter": ["", "HWSXMLA0"],
            "converter": ["", "IVTNOD"],
            "unicode": [None, *Unicode],
        }.items()
    },
    **dict.fromkeys(
        (
            "expires",
            "network_identity",
            "ignore_purg",
            "dfs2082",
            "in_order",
            "conversational",
            "return_mod_name",
            "unicode_transaction",
        ),
        st.booleans(),
    ),
)


def passes(interaction: Interaction) -> bool:
    try:
        check(interaction)
    except GatewayError:
        return False
    return True


@settings(max_examples=300)
@given(interaction=ANY_INTERACTION)
def test_an_interaction_passes_if_and_only_if_it_breaks_no_rule(interaction):
    assert passes(interaction) is (not list(broken(interaction)))


@pytest.mark.parametrize("rule", [(good, change) for _name, good, change in CASES])
def test_what_is_quickly_seen_to_be_plain_breaks_no_rule(rule):
    _good, change = rule
    plain = replace(ASK, **change)
    assert passes(plain) is (not list(broken(plain)))


NEARLY_PLAIN: dict[str, list[object]] = {
    "commit_mode": [None, CM0, CM1, 0, 1],
    "sync_level": [None, *SyncLevel, "confirm"],
    "acknowledgment": [*Acknowledgment, "caller", None],
    "segments": [(b"1",), (b"1", b""), (), [b"1"], b"1", ("1",), (bytes(32_764),)],
    "transaction": ["IVTNO", "", "lower", b"IVTNO", None],
    "execution_timeout_ms": [1, 3_600_000, 0, -2, 1.5, True, 3_600_001],
    "socket_timeout_ms": [0, 1, -1, 0.5],
    "budget_ms": [0, 1, -1, 0.5],
    "unicode": [None, Unicode.UTF_8, 1],
    "request_type": [*RequestType, 1],
    "callout_requests": [*CalloutRequests, "async"],
    "undeliverable": [None, *Undeliverable, "purge"],
    "verb": [V.SEND_RECEIVE, V.SEND, "send-receive"],
    "nak_reason": [None, 0, 1],
    "conversation_id": ["", "C", 0, 1],
    "lterm": ["", "L", "l", None, b"L"],
    "expires": [False, True],
}


@settings(max_examples=500)
@given(
    changes=st.lists(
        st.sampled_from([(name, value) for name, values in NEARLY_PLAIN.items() for value in values]),
        max_size=3,
    )
)
def test_one_that_is_nearly_plain_passes_if_and_only_if_it_breaks_no_rule(changes):
    nearly = replace(ASK, **dict(changes))
    assert passes(nearly) is (not list(broken(nearly)))
