"""Code pages for tests: without its tables a test is skipped, or fails where all must be there."""

from gateway.codepage import CodePage, CodePageNotServed
from tests.interop.outside import lack


def page(ccsid: int) -> CodePage:
    """Return the code page with this number."""
    try:
        return CodePage.of(ccsid)
    except CodePageNotServed as error:
        lack(str(error))
        raise
