"""Writing: choose digits and a hand, draw the digits, check them and save them."""
