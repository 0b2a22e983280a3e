"""Where training and test heads come from, and in which form the network sees them."""
