"""The demonstration: a gateway and a stand-in IMS Connect with keys made on the spot, and calls through both.

It works on a copy of the example home in a temporary folder. The stand-in runs in this process, so that
the table can show what IMS saw; the gateway runs as `imsgw serve` in a process of its own, as users start it,
and `imsgw callout` in another. `stage.run` plays it. `programs` are transactions of the example's stand-in,
which loads them from here, so this file itself imports nothing.
"""
