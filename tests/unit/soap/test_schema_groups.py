"""Groups of groups are counted before libxml2 puts them in (XML Schema part 1, 3.7 and 3.6)."""

import pytest

from gateway.safexml import SchemaError
from gateway.soap.schema import BodySchema
from gateway.soap.schema_groups import MOST, refuse_explosive

XSD = "http://www.w3.org/2001/XMLSchema"


def schema(content: str, namespace: str = "urn:t", more: str = "") -> bytes:
    named = f'targetNamespace="{namespace}" xmlns:t="{namespace}"' if namespace else ""
    return f'<x:schema xmlns:x="{XSD}" {named} {more}>{content}</x:schema>'.encode()


def doubling(levels: int, prefix: str = "t:", kind: str = "group") -> str:
    """Return groups, each of which holds the one before it twice."""
    if kind == "group":
        first, before, after = '<x:element name="e" type="x:string"/>', "<x:sequence>", "</x:sequence>"
    else:
        first, before, after = '<x:attribute name="a"/>', "", ""
    made = [f'<x:{kind} name="g0">{before}{first}{after}</x:{kind}>']
    for level in range(1, levels + 1):
        twice = f'<x:{kind} ref="{prefix}g{level - 1}"/>' * 2
        made.append(f'<x:{kind} name="g{level}">{before}{twice}{after}</x:{kind}>')
    return "".join(made)


@pytest.mark.parametrize("kind", ["group", "attributeGroup"])
@pytest.mark.parametrize(("namespace", "prefix"), [("urn:t", "t:"), ("", "")])
@pytest.mark.parametrize("levels", [30, 150, 1000])
def test_groups_that_explode_are_refused(kind: str, namespace: str, prefix: str, levels: int) -> None:
    with pytest.raises(SchemaError, match=r"its groups put in|deep"):
        BodySchema({"x:/main": schema(doubling(levels, prefix, kind), namespace)}, "x:/main")


def test_they_are_refused_when_they_lie_in_several_documents() -> None:
    use = '<x:complexType name="T"><x:sequence><x:group ref="t:g30"/></x:sequence></x:complexType>'
    documents = {
        "x:/main": schema(f'<x:include schemaLocation="x:/more"/>{use}'),
        "x:/more": schema(doubling(30, ""), ""),
    }
    with pytest.raises(SchemaError, match=str(MOST)):
        BodySchema(documents, "x:/main")


@pytest.mark.parametrize("levels", [0, 1, 8])
def test_groups_of_a_common_size_are_compiled(levels: int) -> None:
    use = f'<x:complexType name="T"><x:sequence><x:group ref="t:g{levels}"/></x:sequence></x:complexType>'
    BodySchema({"x:/main": schema(doubling(levels) + use)}, "x:/main")


def test_a_group_in_itself_is_left_to_who_says_so_better() -> None:
    loop = '<x:group name="g"><x:sequence><x:group ref="t:g"/><x:group ref="t:g"/></x:sequence></x:group>'
    refuse_explosive({"x:/main": schema(loop)})
    with pytest.raises(SchemaError, match="Circular"):
        BodySchema({"x:/main": schema(loop)}, "x:/main")
