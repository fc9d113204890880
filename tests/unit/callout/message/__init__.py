"""What callout messages say and where they go."""
