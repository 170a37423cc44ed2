"""What each version of WooCommerce has, so one shop can pretend to be old or new."""

#: the version that brought a thing; where only an old shop without and a new one with it were
#: seen, the number lies somewhere between the two
SINCE = {
    "tax_places": (5, 3),
    "modified_after": (5, 8),
    "store_id": (8, 4),
    "variation_names": (9, 0),
    "attribute_slugs": (9, 0),
    "global_unique_id": (9, 2),
    # WordPress 6.7 brought it, and it appears on single objects' own addresses
    "target_hints": (9, 4),
    "brands": (9, 6),
    "include_status": (9, 6),
    "image_sizes": (9, 9),
    "all_variations": (10, 3),
    "published_topic": (11, 0),
}

#: the WordPress that was current with it
WORDPRESS = {"11.0.1": "7.0.4", "8.2.2": "6.4.5", "5.9.0": "5.8.1"}


def wordpress(version: str) -> str:
    return WORDPRESS.get(version, "6.4.5")


def number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def features(version: str, **switches: bool | None) -> frozenset[str]:
    """The names of what the version has. A switch of True or False overrules the version."""
    has = {name for name, since in SINCE.items() if number(version) >= since}
    has |= {"woocommerce", "analytics"}
    for name, wanted in switches.items():
        if wanted is not None:
            has = has | {name} if wanted else has - {name}
    return frozenset(has)
