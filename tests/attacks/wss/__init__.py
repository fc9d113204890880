"""Every published attack on WS-Security that concerns a receiver, and its honest sibling."""
