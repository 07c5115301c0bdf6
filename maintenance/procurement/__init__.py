"""Vendors, prices, contracts, and how parts and services are bought."""
