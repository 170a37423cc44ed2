"""GTIN, MPN and brand, wherever a shop keeps them.

WooCommerce has a GTIN field since 9.2 and brands since 9.4. Before, and often still, they are in a plugin's
own meta field or in an attribute.
"""

from typing import Any

from sync2sys.connectors import fields, gtins

#: meta fields of well-known plugins, the specific ones before those that anybody may have made
GTIN_META = (
    "_wpm_gtin_code",  # Product GTIN (EAN, UPC, ISBN) for WooCommerce
    "_wpm_ean_code",
    "_alg_ean",  # EAN for WooCommerce
    "_ts_gtin",  # Germanized
    "hwp_product_gtin",  # WooCommerce UPC, EAN and ISBN
    "hwp_var_gtin",
    "_wc_gla_gtin",  # Google for WooCommerce
    "_woosea_gtin",  # Product Feed Pro
    "_woosea_ean",
    "_woosea_upc",
    "woo_feed_gtin",  # CTX Feed
    "woo_feed_gtin_var",
    "woo_feed_ean",
    "woo_feed_ean_var",
    "_rank_math_gtin_code",  # Rank Math
    "_cr_gtin",  # Customer Reviews for WooCommerce
    "_zettle_barcode",
    "_wepos_barcode",
    "atum_barcode",
    "_global_unique_id",
    "_gtin",
    "gtin",
    "_ean",
    "ean",
    "_ean13",
    "ean13",
    "_ean_code",
    "ean_code",
    "_upc",
    "upc",
    "_isbn",
    "isbn",
    "_barcode",
    "barcode",
)
#: Yoast keeps several in one field
YOAST_META = ("wpseo_variation_global_identifiers_values", "wpseo_global_identifier_values")
YOAST_GTINS = ("gtin13", "gtin12", "gtin14", "gtin8", "isbn")
MPN_META = ("_ts_mpn", "_wc_gla_mpn", "_woosea_mpn", "_cr_mpn", "woo_feed_mpn", "_mpn", "mpn")
BRAND_META = ("_wc_gla_brand", "_woosea_brand", "_cr_brand", "woo_feed_brand", "_brand", "brand")

GTIN_ATTRIBUTES = frozenset({"gtin", "ean", "ean13", "ean-13", "ean code", "upc", "isbn", "barcode"})
MPN_ATTRIBUTES = frozenset({"mpn", "manufacturer part number", "herstellernummer"})
BRAND_ATTRIBUTES = frozenset(
    {"brand", "brands", "manufacturer", "marke", "marken", "hersteller", "marque", "fabricant", "marca"}
    | {"fabricante", "merk", "fabrikant", "marka", "producent", "značka", "výrobce", "varumärke", "mærke"}
    | {"merke", "merkki", "бренд", "производитель", "μάρκα"}
)


def meta_of(data: dict[str, Any]) -> dict[str, Any]:
    """Meta fields by key; of several with one key the first that is not empty."""
    found: dict[str, Any] = {}
    for row in fields.rows(data.get("meta_data"), 2000):
        key = row.get("key")
        if isinstance(key, str) and not found.get(key):
            found[key] = row.get("value")
    return found


def gtin(data: dict[str, Any], meta: dict[str, Any], attributes: dict[str, list[str]]) -> str:
    """The GTIN that the shop keeps in its own field, else a valid one from where plugins keep it.

    What stands there is kept even if it is not valid: its owner wants to be told.
    """
    own = gtins.bare(data.get("global_unique_id"))
    if own:
        return own
    candidates = [meta.get(key) for key in GTIN_META]
    for key in YOAST_META:
        several = meta.get(key)
        if isinstance(several, dict):
            candidates += [several.get(name) for name in YOAST_GTINS]
    candidates += _of_attributes(attributes, GTIN_ATTRIBUTES)
    return gtins.first(candidates)


def mpn(meta: dict[str, Any], attributes: dict[str, list[str]]) -> str:
    several = [meta.get(key) for key in YOAST_META]
    candidates = [meta.get(key) for key in MPN_META]
    candidates += [each.get("mpn") for each in several if isinstance(each, dict)]
    candidates += _of_attributes(attributes, MPN_ATTRIBUTES)
    return next(filter(None, (fields.label(value, 100) for value in candidates if value)), "")


def brand(data: dict[str, Any], meta: dict[str, Any], attributes: dict[str, list[str]]) -> str:
    named = [row.get("name") for row in fields.rows(data.get("brands"), 20)]
    candidates = [
        *named,
        *_of_attributes(attributes, BRAND_ATTRIBUTES),
        *(meta.get(key) for key in BRAND_META),
    ]
    return next(filter(None, (fields.label(value) for value in candidates if value)), "")


def _of_attributes(attributes: dict[str, list[str]], wanted: frozenset[str]) -> list[str]:
    """Values of attributes with such a name that hold one value alone: several tell variants apart."""
    found = []
    for name, values in attributes.items():
        if len(values) == 1 and name.lower().removeprefix("pa_").removeprefix("product_") in wanted:
            found.append(values[0])
    return found
