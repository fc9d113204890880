"""Any request gets a reply or a fault: IMSGW_FUZZ_EXAMPLES of them, IMSGW_FUZZ_SEED repeats a run."""

import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fixtures.soap import envelope
from tests.fuzz import soap_cases

EXAMPLES = int(os.environ.get("IMSGW_FUZZ_EXAMPLES", "300"))
DRAWN = min(EXAMPLES, 10_000)  # Hypothesis remembers what it drew
SEED = int(os.environ.get("IMSGW_FUZZ_SEED", "20240229"))


def test_mutated_messages_get_a_reply_or_a_fault_and_our_parser_agrees_with_expat():
    outcomes = soap_cases.run(SEED, EXAMPLES)
    assert outcomes["reply"], "a run in which nothing gets through tries too little"


def test_every_message_of_the_corpus_gets_a_reply_or_a_fault_under_every_content_type(directory):
    for body in soap_cases.seeds():
        soap_cases.check_parser(body)
        for content_type in soap_cases.CONTENT_TYPES:
            soap_cases.check_front(directory, body, content_type, None)


@settings(max_examples=DRAWN, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode()),
    content_type=st.sampled_from(soap_cases.CONTENT_TYPES) | st.text(max_size=50),
    action=st.none() | st.text(max_size=50),
)
def test_arbitrary_bytes_get_a_fault(directory, body, content_type, action):
    assert soap_cases.check_front(directory, body, content_type, action) != "reply"


ELEMENTS = st.recursive(
    st.sampled_from(
        ("<a/>", "text", "<!-- c -->", "<![CDATA[<]]>", "&amp;", '<name xmlns="urn:example:directory"/>')
    ),
    lambda inner: st.builds(
        lambda tag, attributes, content: f"<{tag}{''.join(sorted(attributes))}>{''.join(content)}</{tag}>",
        st.sampled_from(("a", "s:Body", "s:Header", "s:Envelope", "x:y", "Find")),
        st.sets(
            st.sampled_from(
                (
                    ' xmlns:x="urn:x"',
                    ' xmlns="urn:example:directory"',
                    ' s:mustUnderstand="1"',
                    ' s:encodingStyle=""',
                    ' href="#1"',
                    ' id="1"',
                    ' x:a="&lt;"',
                )
            )
        ),
        st.lists(inner, max_size=4),
    ),
    max_leaves=12,
)


@settings(max_examples=DRAWN, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(header=st.lists(ELEMENTS, max_size=3), body=st.lists(ELEMENTS, max_size=3), version=st.booleans())
def test_trees_of_soap_s_own_vocabulary_get_a_reply_or_a_fault(directory, header, body, version):
    namespace = soap_cases.SOAP12 if version else soap_cases.SOAP11
    data = envelope("".join(body), "".join(header), namespace)
    soap_cases.check_front(directory, data, "application/soap+xml" if version else "text/xml", None)
    soap_cases.check_parser(data)
