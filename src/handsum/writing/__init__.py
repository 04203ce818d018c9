"""Which digits, in which hand; drawn, checked, set and saved."""
