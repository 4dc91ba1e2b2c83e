"""The least that Django can do: one view that gives a page out of the cache."""
