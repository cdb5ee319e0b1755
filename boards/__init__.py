"""Boards as data."""
