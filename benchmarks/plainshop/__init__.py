"""The models of a shop that keeps its customers apart by hand."""
