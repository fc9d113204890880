"""Traces: spans made of the event records after the fact, and sent to a collector over OTLP.

Whoever answers a request only hands its record over (`outbox`); a thread makes spans of it (`requests`,
`callouts`) and sends them (`otlp`, which alone knows the OpenTelemetry library, an optional extra).
"""
