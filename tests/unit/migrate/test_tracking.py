"""What requests were tracked by, and what they are tracked by here."""

import pytest


def server(tracking):
    return {
        "server.xml": f'<soapGateway><http port="8080"/><tracking enabled="true" {tracking}/></soapGateway>'
    }


@pytest.mark.parametrize(
    ("tracking", "sources"),
    [
        ('id="messageID"', ["message-id"]),
        ('id="generated"', []),
        (
            'id="custom" trackingElement="CorrelationId" trackingNamespace="urn:acme"',
            ["element:{urn:acme}CorrelationId"],
        ),
        ('id="custom" trackingElement="CorrelationId"', ["element:{}CorrelationId"]),
    ],
)
def test_the_kind_of_id_becomes_a_source(migrated, tracking, sources):
    made = migrated(server(tracking))
    assert made.toml("gateway.toml")["tracking"] == {"sources": sources}
    assert made.read().gateway.tracking.sources == tuple(sources)


@pytest.mark.parametrize(
    ("tracking", "told"),
    [
        ('id="vertical"', "is none that is known"),
        ('id="custom"', "names no element"),
        ('id="custom" trackingElement="a b" trackingNamespace="urn:acme"', "names no element"),
    ],
)
def test_a_kind_that_nobody_knows_is_told_and_the_default_stays(migrated, tracking, told):
    made = migrated(server(tracking))
    assert "tracking" not in made.toml("gateway.toml")
    assert any(told in text for text in made.texts("contradictions"))


def test_that_ims_connect_was_told_is_told(migrated):
    made = migrated(server(""))
    assert any('tracking_extension = "*TRCKID*"' in text for text in made.texts("needless"))


def test_an_element_without_a_custom_id_does_nothing(migrated):
    made = migrated(server('trackingElement="CorrelationId"'))
    assert "tracking" not in made.toml("gateway.toml")
    assert any("custom id only" in text for text in made.texts("needless"))
