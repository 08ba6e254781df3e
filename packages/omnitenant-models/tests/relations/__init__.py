"""Models that refer to each other in every way."""
