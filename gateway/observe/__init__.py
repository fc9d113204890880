"""What happened: event records, and where they go."""
