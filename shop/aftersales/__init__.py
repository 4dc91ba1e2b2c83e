"""What follows a sale: spoilage claims, returns, reviews."""
