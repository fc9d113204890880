"""The demonstration: a gateway and a stand-in IMS Connect with keys made on the spot, and calls through both.

It works on a copy of the example home in a temporary folder. The stand-in runs in this process, so that
the table can show what IMS saw; the gateway runs as `imsgw serve` in a process of its own, as users start it.
"""

from gateway.demo.home import Ports, example_home
from gateway.demo.stage import run
from gateway.demo.steps import ATTACKS, CALLS

__all__ = ["ATTACKS", "CALLS", "Ports", "example_home", "run"]
