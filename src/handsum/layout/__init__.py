"""Digits set in rows as a hand would: pixels or paths, ink on paper."""
