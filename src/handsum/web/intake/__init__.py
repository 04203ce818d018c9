"""What comes in: whose requests the server accepts, how many, how large and how slow."""
