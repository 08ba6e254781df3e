"""Models whose rows must keep rules."""
