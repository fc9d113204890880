"""Whom one request counts for, and when: nobody's rate is used up by who only says that he is somebody."""

from gateway.limits import Admission
from gateway.wss.verdict import Claims, TokenKind


class UserRate:
    """The count of one request among those of its user: once, and only when the user is proven.

    An assertion is proven by the judge, a password by an authentication module where there is one. Another
    password is RACF's to judge, with the call of IMS: one that it has accepted lately counts before the call,
    and may be refused; any other counts when RACF has accepted it, too late to be refused.
    """

    def __init__(self, admission: Admission | None) -> None:
        self._admission = admission if admission is not None and admission.knows_users else None
        self._name = ""

    def believed(self, claims: Claims, user: str, *, by_module: bool) -> None:
        """Note who the judge believes, or a module; `user`: at RACF. Raises what `Admission.user` does."""
        if self._admission is None or claims.token is TokenKind.NONE:
            return
        if claims.password and not by_module:
            self._name = user  # all that it proves: of names that lead to one user there may be any number
        else:
            self._name = f"{claims.issuer} \0 {claims.user}"  # no XML has a NUL
            self._count(self._admission)

    def signing_on(self, *, proven: bool) -> None:
        """Note that RACF is about to be asked. Raises what `Admission.user` does."""
        if self._admission is not None and self._name and proven:
            self._count(self._admission)

    def signed_on(self) -> None:
        """Note that RACF has accepted the password."""
        if self._admission is not None and self._name:
            self._admission.late_user(self._name)
            self._name = ""

    def _count(self, admission: Admission) -> None:
        name, self._name = self._name, ""
        admission.user(name)
