"""Buyers who want tonnes: what they ask for, what they look for, and the supply board they read."""
