"""A shop to try Sync2Sys with: the WooCommerce REST API over a real socket, in plain Python."""
