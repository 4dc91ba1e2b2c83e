"""Buying what is still on the tree: quota, ship week, shortfall."""
