"""What the shop says about itself: namespaces, settings, system status."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sync2sys.demo.versions import wordpress

if TYPE_CHECKING:
    from sync2sys.demo.shop import Shop

NAMESPACES = (
    "oembed/1.0",
    "wc/v3",
    "wc/v1",
    "wc-admin",
    "wc-analytics",
    "wc/store",
    "wc/store/v1",
    "wc/private",
    "wc/v2",
    "wc-telemetry",
    "wp/v2",
    "wp-site-health/v1",
    "wp-block-editor/v1",
)

CURRENCIES = {
    "EUR": "Euro",
    "USD": "United States (US) dollar",
    "GBP": "Pound sterling",
    "PLN": "Polish złoty",
}

Value = Callable[["Shop"], Any]


def _yes(answer: bool) -> str:
    return "yes" if answer else "no"


#: group, then id, to type, label and value
SETTINGS: dict[str, dict[str, tuple[str, str, Value]]] = {
    "general": {
        "woocommerce_store_address": ("text", "Address line 1", lambda shop: "1 Market Lane"),
        "woocommerce_store_city": ("text", "City", lambda shop: "Hollowfield"),
        "woocommerce_default_country": ("select", "Country / State", lambda shop: shop.country),
        "woocommerce_calc_taxes": ("checkbox", "Enable taxes", lambda shop: _yes(shop.charges_tax)),
        "woocommerce_currency": ("select", "Currency", lambda shop: shop.currency),
        "woocommerce_currency_pos": ("select", "Currency position", lambda shop: "right_space"),
        "woocommerce_price_thousand_sep": ("text", "Thousand separator", lambda shop: "."),
        "woocommerce_price_decimal_sep": ("text", "Decimal separator", lambda shop: ","),
        "woocommerce_price_num_decimals": ("number", "Number of decimals", lambda shop: "2"),
    },
    "products": {
        "woocommerce_weight_unit": ("select", "Weight unit", lambda shop: shop.weight_unit),
        "woocommerce_dimension_unit": ("select", "Dimensions unit", lambda shop: shop.dimension_unit),
        "woocommerce_manage_stock": ("checkbox", "Enable stock management", lambda shop: "yes"),
        "woocommerce_hide_out_of_stock_items": ("checkbox", "Hide out of stock items", lambda shop: "no"),
    },
    "tax": {
        "woocommerce_prices_include_tax": (
            "radio",
            "Prices entered with tax",
            lambda shop: _yes(shop.prices_include_tax),
        ),
        "woocommerce_tax_based_on": ("select", "Calculate tax based on", lambda shop: "shipping"),
        "woocommerce_tax_display_shop": ("select", "Display prices in the shop", lambda shop: "incl"),
    },
}


def environment(shop: "Shop", home: str) -> dict[str, Any]:
    """The answer of `system_status`. Counts are texts and include the trash."""
    known = {"store_id": shop.store_id} if shop.has("store_id") else {}
    return {
        "environment": {
            "home_url": home,
            "site_url": home,
            **known,
            "version": shop.version,
            "log_directory_writable": True,
            "wp_version": wordpress(shop.version),
            "wp_multisite": False,
            "wp_memory_limit": 268435456,
            "wp_cron": True,
            "language": "en_US",
            "server_info": "nginx/1.24.0",
            "php_version": "8.2.20",
            "php_post_max_size": 8388608,
            "php_max_execution_time": 30,
            "mysql_version": "10.11.6",
            "max_upload_size": 2097152,
            "default_timezone": "UTC",
        },
        "database": {"wc_database_version": shop.version, "database_prefix": "wp_", "database_tables": {}},
        "active_plugins": [
            {"plugin": "woocommerce/woocommerce.php", "name": "WooCommerce", "version": shop.version}
        ],
        "inactive_plugins": [],
        "dropins_mu_plugins": {"dropins": [], "mu_plugins": []},
        "theme": {
            "name": "Hollow",
            "version": "1.0",
            "is_child_theme": False,
            "has_woocommerce_support": True,
        },
        "settings": {
            "api_enabled": False,
            "force_ssl": False,
            "currency": shop.currency,
            "currency_symbol": "&euro;",
            "currency_position": "right_space",
            "thousand_separator": ".",
            "decimal_separator": ",",
            "number_of_decimals": 2,
        },
        "security": {"secure_connection": home.startswith("https:"), "hide_errors": True},
        "pages": [],
        "post_type_counts": [
            {"type": "page", "count": "7"},
            {"type": "product", "count": str(shop.count("product"))},
            {"type": "product_variation", "count": str(shop.count("variation"))},
        ],
    }
