"""Exclusive XML Canonicalization written down from the standard (W3C, 18 July 2002, section 3), for tests.

Reads the document with expat, keeps the declarations of each element by itself, and shares nothing with
libxml2: neither its tree nor its canonicalization. Slow, and meant to be read beside the standard.
"""

from dataclasses import dataclass, field
from xml.parsers import expat

XML = "http://www.w3.org/XML/1998/namespace"


@dataclass(eq=False)
class Node:
    """An element: its qualified name, declarations and attributes as written."""

    name: str
    declared: dict[str, str]
    attributes: list[tuple[str, str]]
    parent: "Node | None"
    children: list["Node | str"] = field(default_factory=list)

    def meaning(self, prefix: str) -> str:
        """Return the namespace that a prefix stands for here, empty for none."""
        if prefix == "xml":
            return XML
        node: Node | None = self
        while node is not None:
            if prefix in node.declared:
                return node.declared[prefix]
            node = node.parent
        return ""

    def elements(self) -> list["Node"]:
        """Return this element and all below it in document order."""
        found = [self]
        for child in self.children:
            if isinstance(child, Node):
                found.extend(child.elements())
        return found


def read(data: bytes) -> Node:
    """Return the root of a document."""
    made: list[Node] = []
    open_: list[Node] = []

    def start(name: str, pairs: list[str]) -> None:
        all_ = list(zip(pairs[::2], pairs[1::2], strict=True))
        declared = {
            key.partition(":")[2]: value for key, value in all_ if key == "xmlns" or key.startswith("xmlns:")
        }
        others = [(key, value) for key, value in all_ if key != "xmlns" and not key.startswith("xmlns:")]
        node = Node(name, declared, others, open_[-1] if open_ else None)
        if open_:
            open_[-1].children.append(node)
        made.append(node)
        open_.append(node)

    def characters(text: str) -> None:
        open_[-1].children.append(text)

    parser = expat.ParserCreate()
    parser.ordered_attributes = True
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _name: open_.pop()
    parser.CharacterDataHandler = characters
    parser.Parse(data, True)
    return made[0]


def exclusive(apex: Node, prefixes: tuple[str, ...] = ()) -> bytes:
    """Return the canonical form of an element without comments; `prefixes` is the PrefixList."""
    wanted = {"" if prefix == "#default" else prefix for prefix in prefixes} - {"xml"}
    return _form(apex, {}, wanted).encode()


def _prefix(name: str) -> str:
    return name.partition(":")[0] if ":" in name else ""


def _form(node: Node, rendered: dict[str, str], wanted: set[str]) -> str:
    """Render an element; `rendered` has what the output ancestors declared last for each prefix."""
    used = {_prefix(node.name)} | {_prefix(name) for name, _ in node.attributes if ":" in name}
    used.discard("xml")
    declare: dict[str, str] = {}
    for prefix in used | wanted:  # those wanted are treated as Canonical XML 1.0 does
        uri = node.meaning(prefix)
        if rendered.get(prefix, "") != uri:
            declare[prefix] = uri
    rendered = rendered | declare
    text = f"<{node.name}"
    for prefix, uri in sorted(declare.items()):
        text += f' xmlns{":" if prefix else ""}{prefix}="{_value(uri)}"'
    for name, value in sorted(node.attributes, key=lambda pair: _order(node, pair[0])):
        text += f' {name}="{_value(value)}"'
    inner = "".join(
        _text(child) if isinstance(child, str) else _form(child, rendered, wanted) for child in node.children
    )
    return f"{text}>{inner}</{node.name}>"


def _order(node: Node, name: str) -> tuple[str, str]:
    """Attributes without namespace come first, the others by namespace and then by local name."""
    prefix = _prefix(name)
    return (node.meaning(prefix) if prefix else "", name.rpartition(":")[2])


def _value(text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return text.replace("\t", "&#x9;").replace("\n", "&#xA;").replace("\r", "&#xD;")


def _text(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#xD;")
