"""Our own drawings as pixels. The drawings themselves are SVG, in shop/static/shop/img."""
