"""Programs for the stand-in that note each execution in a file, before they answer.

The file is appended to by one unbuffered write an execution, so it is right whatever kills the stand-in. It is
what "executed twice" and "answered without being executed" are counted from.
"""

import os

from gateway.standin import Context, Reply, builtin

FILE = "IMSGW_EXECUTIONS"
"""Environment variable with the path of the file."""
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC


class Echo(builtin.Echo):
    """ECHO, noted."""

    def __init__(self) -> None:
        self._book = os.open(os.environ[FILE], _FLAGS, 0o600)

    async def run(self, context: Context) -> Reply:
        """Note the text of the message, then answer as ECHO does."""
        text = "" if context.xml is None else context.xml.findtext("{*}text") or ""
        os.write(self._book, f"{text}\n".encode())
        return await super().run(context)
