"""What runs in the image: no torch here."""
