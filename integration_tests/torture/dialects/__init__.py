"""How a library for tenants is used: one module for each, with the same names."""
