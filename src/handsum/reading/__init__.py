"""From a picture to its digits and their sum."""
