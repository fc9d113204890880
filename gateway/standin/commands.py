"""IMS commands: an input whose data begins with a slash. They show and change the stand-in's own state.

Source: Sending type-1 commands from an OTMA client; Command responses; /DISPLAY TMEMBER; /SECURE; DFS messages.
A verb and a keyword may be written with its first three letters or more. unverified: columns and headings of
/DISPLAY beyond those of TRAN and of TPIPE; that a command with sync level CONFIRM has its answer acknowledged.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final, get_args

from gateway.standin import commands_display, dfs
from gateway.standin.command_words import CommandError, Words, completed, is_word
from gateway.standin.config_security import OtmaSecurity, OtmaSettings
from gateway.standin.ims import Ims
from gateway.standin.programs import HOST
from gateway.standin.security import OtmaAuthorization
from gateway.standin.tpipes import Tpipes
from gateway.standin.work import Work

_END: Final = re.compile(r"\.\s*\Z")
"""A period may end a command."""
_SECURITY_LEVELS: Final = {level.upper(): level for level in get_args(OtmaSecurity)}


class Commands:
    """The operator's side of one IMS."""

    def __init__(self, tpipes: Tpipes, otma: OtmaAuthorization, settings: OtmaSettings, tmember: str) -> None:
        """`tmember` is the XCF name of this IMS, `settings` those of IMS Connect as its client."""
        self._tpipes = tpipes
        self._otma = otma
        self._settings = settings
        self._tmember = tmember
        self._verbs: Mapping[str, Callable[[Ims, Words], tuple[str, ...]]] = {
            "DISPLAY": self._display,
            "START": lambda ims, words: self._start_or_stop(ims, words, stop=False),
            "STOP": lambda ims, words: self._start_or_stop(ims, words, stop=True),
            "SECURE": self._secure,
        }

    def __call__(self, ims: Ims, work: Work) -> tuple[str, ...]:
        """Do a command; return the lines of the answer, never none."""
        text = _END.sub("", " ".join(HOST.decode(segment) for segment in work.segments))
        verb, *rest = text[1:].upper().replace(",", " ").split() or [""]
        for name, do in self._verbs.items():
            if is_word(verb, name):
                try:
                    return do(ims, Words(rest))
                except CommandError as error:
                    return (str(error),)
        return (dfs.INVALID_VERB,)

    def _display(self, ims: Ims, words: Words) -> tuple[str, ...]:
        seen = commands_display.Sight(ims, self._tpipes, self._otma, self._settings, self._tmember)
        return commands_display.display(seen, words)

    def _start_or_stop(self, ims: Ims, words: Words, *, stop: bool) -> tuple[str, ...]:
        verb = "STOP" if stop else "START"
        keyword = words.keyword("TRANSACTION", "TMEMBER")
        if keyword == "TRANSACTION":
            unknown = self._transactions(ims, words, stop=stop)
            return (completed(verb, "TRAN", unknown),)
        member = words.parameter()
        words.expect("TPIPE")
        names = words.parameters()
        if member != self._settings.member:
            return (completed(verb, "TMEMBER", (member,)),)
        for name in names:
            (self._tpipes.turns.stop if stop else self._tpipes.turns.start)(name)
        return (completed(verb),)

    def _transactions(self, ims: Ims, words: Words, *, stop: bool) -> tuple[str, ...]:
        """Stop or start transactions; return the names that are none."""
        names = words.parameters()
        if names == ("ALL",):
            names = ims.transactions
        known = tuple(name for name in names if name in ims.transactions)
        for name in known:
            (ims.regions.stop if stop else ims.regions.start)(name)
        return tuple(name for name in names if name not in known)

    def _secure(self, _ims: Ims, words: Words) -> tuple[str, ...]:
        words.expect("OTMA")
        level = words.parameter()
        words.end()
        if level == "REFRESH":
            self._otma.refresh()
        elif level in _SECURITY_LEVELS:
            self._otma.secure(_SECURITY_LEVELS[level])
        else:
            raise CommandError(dfs.INVALID_KEYWORD)
        return (completed("SECURE"),)
