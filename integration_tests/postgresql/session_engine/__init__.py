"""What must fail: an engine that sets the search path for the session and remembers what it has set."""
