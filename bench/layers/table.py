"""The results of the layers as Markdown."""

from collections.abc import Mapping
from typing import Any, Final

from bench.comparison.place import SERVICES
from bench.comparison.results import caution
from bench.layers.seams import SEAMS
from bench.pages import table

_HEAD: Final = ("CPU microseconds", "no token", "UsernameToken", "SAML 2.0, one sender", "SAML 2.0, 20 senders")
_SUMS: Final = {
    "sum_of_layers": "sum of the layers",
    "whole_in_process": "the same way, nothing measured within",
    "served_over_http": "`imsgw serve`, over HTTP",
    "loop_threads_sockets": "so event loop, threads and sockets",
}


def markdown(record: Mapping[str, Any]) -> str:
    """Return the table of layers and that of floors."""
    figures, machine = record["figures"], record["machine"]
    by_service = [figures[service] for service in SERVICES]
    layers = [layer for layer in SEAMS if any(layer in one["layers_microseconds"] for one in by_service)]
    rows = [
        [layer, *(f"{one['layers_microseconds'].get(layer, 0):,.0f}" for one in by_service)] for layer in layers
    ]
    rows += [[words, *(f"{one[name]:,.0f}" for one in by_service)] for name, words in _SUMS.items()]
    floors = [[name, f"{value:,.1f}"] for name, value in figures["floors"].items()]
    facts = (
        f"Measured on {record['date']} at commit `{record['commit']}`, {machine['cores']} cores of "
        f"{machine['processor']}, load before the run {machine['load_before'][0]}.{caution(machine)}"
    )
    return "\n\n".join([facts, table(_HEAD, rows), table(["floor", "CPU microseconds"], floors)])
