"""Erasure of customers: from a store and all its generations, from tables and pages, with a search that proves it."""
