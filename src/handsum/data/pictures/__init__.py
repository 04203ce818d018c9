"""From a grey picture to the writing on it: ink, ruled lines and connected pieces."""
