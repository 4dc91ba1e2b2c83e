"""Pages of after-sales: a buyer's own, those of who decides, and reviews with their photos for everybody."""
