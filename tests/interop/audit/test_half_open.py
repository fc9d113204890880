"""A receiver that vanishes without a word, in a network of its own: noticed, and nothing is lost by it."""

import os
from collections.abc import Iterator

import pytest

from bench.faults.network import THEIRS, Network, network
from gateway.audit.syslog_settings import SyslogSettings
from gateway.audit.syslog_target import SyslogTarget
from gateway.clock import SYSTEM_CLOCK
from tests.fixtures.running_gateway import wait_until
from tests.interop.audit.rsyslog import Rsyslog, need_rsyslog
from tests.interop.audit.test_rsyslog import wait_for_all
from tests.interop.audit.writing import record
from tests.interop.outside import lack, need

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("rsyslog")]


@pytest.fixture
def apart() -> Iterator[Network]:
    need("ip", "iptables")
    if os.geteuid():
        lack("a network namespace can be made by root only")
    with network() as made:
        yield made


def test_a_receiver_that_is_gone_without_a_word_is_noticed_idle_or_not_and_nothing_is_lost(
    tmp_path, pki, apart
):
    need_rsyslog("ossl")
    folder = tmp_path / "rsyslog"
    folder.mkdir()
    receiver = Rsyslog(folder, pki, host=THEIRS, prefix=apart.inside)
    receiver.start()
    settings = SyslogSettings(
        THEIRS, receiver.port, server_name="localhost", truststore=pki.truststore(),
        timeout_seconds=1, resend_seconds=4, reconnect_seconds=0.3,
    )  # fmt: skip
    target = SyslogTarget(settings, tmp_path / "spool", SYSTEM_CLOCK)
    written = [record("half", number) for number in range(3)]
    try:
        target.write(written[0])
        wait_for_all(receiver, written[:1])
        # nothing is sent: probes find out
        apart.drop()
        wait_until(lambda: not target.picture().connected, "noticing by probes", 10)
        apart.pass_again()
        wait_until(lambda: target.picture().connected)
        # something is sent, and the receiver is killed and comes back, of which no packet tells
        apart.drop()
        target.write(written[1])
        receiver.kill()
        wait_until(lambda: not target.picture().connected, "noticing by what is not acknowledged", 10)
        apart.pass_again()
        receiver.start()
        target.write(written[2])
        wait_for_all(receiver, written)
    finally:
        target.close()
        receiver.kill()
