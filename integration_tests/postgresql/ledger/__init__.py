"""An app whose rows tell in which schema they were meant to be."""
