"""Group orders (接龙): neighbours put their goods on one direct truck, each with an order of his own."""
