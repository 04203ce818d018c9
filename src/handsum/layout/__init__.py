"""Layout: digits set in rows as a person would write them, as pixels or paths."""
