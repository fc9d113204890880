"""Who this is for IMS: from a token's claims to user, password and group, and who is held back."""
