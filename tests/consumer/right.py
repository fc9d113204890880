"""Somebody else's program that uses the package's client of IMS Connect, checked strictly."""

from gateway.imsconnect import Client, ConnectionSettings, Interaction, Reply, transaction_input


def display(client: Client, name: str) -> str:
    """Ask the phone book."""
    phone = Interaction(transaction="IVTNO", segments=transaction_input("IVTNO", f"DISPLAY {name}", width=10))
    reply: Reply = client.run(phone)
    return reply.text()


SETTINGS: ConnectionSettings = ConnectionSettings.to("127.0.0.1", 9999, "IMS1", user="ALICE", password="x")
