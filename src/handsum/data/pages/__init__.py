"""Pictures of pages, composed at random to train a reader: digits, and everything beside them."""
