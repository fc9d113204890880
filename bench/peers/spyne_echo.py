"""Bare Spyne under gunicorn, as their documentation has it: it echoes, and verifies nothing."""

from spyne import Application, ComplexModel, ServiceBase, Unicode, UnsignedInteger32, rpc
from spyne.protocol.soap import Soap11
from spyne.server.wsgi import WsgiApplication

LAB = "urn:ims-gateway:lab"


class Work(ComplexModel):  # type: ignore[misc]  # Spyne is untyped
    """The payload of every message."""

    __namespace__ = LAB
    milliseconds = UnsignedInteger32(min_occurs=0)
    text = Unicode(min_occurs=0)


class Lab(ServiceBase):  # type: ignore[misc]
    """One operation."""

    @rpc(Work, _returns=Work, _body_style="bare", _in_message_name="echo", _out_message_name="echo")  # type: ignore[untyped-decorator]
    def Echo(self, work: Work) -> Work:  # noqa: N802  the operation's name
        """Return what came."""
        return work


application = WsgiApplication(
    Application([Lab], tns=LAB, in_protocol=Soap11(validator="lxml"), out_protocol=Soap11())
)
