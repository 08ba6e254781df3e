"""Invoices, which PostgreSQL itself keeps apart."""
