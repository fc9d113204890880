"""SAML 1.1 and 2.0 assertions in a Security header: read strictly, then judged.

Whether a signature is needed, and whose, is decided elsewhere; this package says what the assertion says and
whether it may be used here and now. `assertion` is the door.
"""
