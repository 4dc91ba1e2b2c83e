"""How quick the shop is, beside stock Oscar on the same goods: `make bench-shop` (docs/performance.md says what it means)."""
