"""The rsyslog settings of docs/audit-syslog.md, as they stand there, with paths and names of the test."""

import re
from pathlib import Path

import pytest

from gateway.audit.syslog_settings import SyslogSettings
from gateway.audit.syslog_target import SyslogTarget
from gateway.clock import SYSTEM_CLOCK
from tests.fixtures.pki import keystore
from tests.fixtures.running_gateway import REPOSITORY, wait_until
from tests.interop.audit.rsyslog import Rsyslog, need_rsyslog

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("rsyslog")]
LEEF = "LEEF:2.0|Vendor|IMS Gateway|1.0|Invoke|\tcat=Provider\tusrName=ÄLICE"


class AsOnThePage(Rsyslog):
    """Configured by the page."""

    def configuration(self) -> str:
        page = (REPOSITORY / "docs/audit-syslog.md").read_text()
        (found,) = re.findall(r"^```\n# /etc/rsyslog.d/imsgw.conf\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
        keys, ca = self.keys()
        exchanged: dict[str, str | Path] = {
            "/etc/rsyslog.d/keys/ca.pem": ca,
            "/etc/rsyslog.d/keys/server.pem": keys,
            "/etc/rsyslog.d/keys/server-key.pem": keys,
            "/var/log/imsgw-audit.log": self.output,
            "gateway.bank.example": "IMS Gateway test client",
            'port="6514"': f'port="{self.port}" address="127.0.0.1"',
            "global(\n": f'global(\n    workDirectory="{self.folder}"\n',
        }
        for text, other in exchanged.items():
            assert found.count(text) == 1, text
            found = found.replace(text, str(other))
        return str(found)


def test_rsyslog_as_on_the_page_writes_records_as_they_are(tmp_path, pki):
    need_rsyslog("ossl")
    receiver = AsOnThePage(tmp_path, pki)
    receiver.start()
    settings = SyslogSettings(
        "127.0.0.1", receiver.port, truststore=pki.truststore(), keystore=keystore(pki.keys.client)
    )
    target = SyslogTarget(settings, tmp_path / "spool", SYSTEM_CLOCK)
    try:
        target.write(LEEF)
        wait_until(receiver.messages)
        assert receiver.messages() == [LEEF.encode()]
    finally:
        target.close()
        receiver.kill()
