"""From a grey picture to what is written on it: ink, ruled lines and connected pieces."""
