"""A fake Shopify. `platform.Shopify` is where to begin."""
