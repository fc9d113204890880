"""The way to IMS: `wire` says what the bytes are, the modules beside it open sockets and use them.

Words of this package, in the order a call meets them:

- *pool*: the sessions of one bundle in one worker; gives them out, and never does I/O under its lock;
- *lease*: a session taken from the pool for one conversation;
- *lane*: what kind of conversation an idle session may hold next (replies, or one-way);
- *session*: one client id on one stream; it holds one conversation at a time;
- *conversation*: a request, its reply, and the acknowledgment where the commit mode wants one;
- *stream*: one TCP or TLS connection with a deadline on every step (`transport`);
- *in doubt*: what a session is while nobody knows which bytes may still come; it is dropped then.

`request` turns a call into input messages, `refusal` turns status messages into errors, `backoff` decides when
to try again, `client` ties all of it together.
"""
