"""The app that the pages describe."""
