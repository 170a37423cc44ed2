"""Small catalogues for the fake shop: a few plain products, and one of everything that is odd."""

COLOURS = {"id": 3, "name": "Colour", "variation": True, "options": ["Red", "Blue", "Black &amp; Gold"]}
SIZES = {"id": 4, "name": "Size", "slug": "pa_size", "variation": True, "options": ["S", "M", "42½"]}
ENGRAVING = {"id": 0, "name": "Engraving (free)", "variation": True, "options": ["none", "with Name"]}


def few(count=3):
    """So many simple products that can be bought: ids 11 and on, SKU-11 and on."""
    return [
        {
            "id": number,
            "name": f"Product {number}",
            "sku": f"SKU-{number}",
            "regular_price": f"{number}.50",
            "description": f"<p>The product with the number {number}.</p>\n",
            "images": [f"/wp-content/uploads/2026/01/{number}.png"],
            "categories": ["Everything"],
        }
        for number in range(11, 11 + count)
    ]


def shirts(count=3, variations=3):
    """So many variable products with so many variations each; ids follow one another."""
    made, number = [], 100
    for place in range(count):
        made.append(
            {
                "id": number,
                "name": f"Shirt {place}",
                "type": "variable",
                "sku": f"SHIRT-{place}",
                "attributes": [SIZES | {"options": [str(size) for size in range(variations)]}],
                "images": [f"/wp-content/uploads/2026/01/shirt-{place}.png"],
                "variations": [
                    {
                        "id": number + 1 + size,
                        "sku": f"SHIRT-{place}-{size}",
                        "regular_price": f"{20 + size}.00",
                        "attributes": [choice(SIZES, str(size))],
                    }
                    for size in range(variations)
                ],
            }
        )
        number += variations + 1
    return made


def choice(attribute, option):
    """What a variation says about an attribute."""
    return {name: attribute[name] for name in ("id", "name", "slug") if name in attribute} | {
        "option": option
    }


def odd():
    """One product of every oddity that was seen in real shops, by name in `ODD`."""
    return [
        {"id": number, "name": name, "regular_price": "10.00"} | dict(fields) for number, name, fields in ODD
    ]


LONG = "<p>" + "A long story about a small thing. " * 3000 + "</p>"

ODD = (
    # what people type
    (1001, "Emoji 😀🚀 and ½", {"description": "<p>4 bytes: 😀🚀</p>"}),
    (1002, "A &amp; B", {}),
    (1003, "Raw & Co. <Special Edition>", {}),
    (1004, "With <b>bold</b> name", {}),
    (1005, "", {"sku": "NAMELESS"}),
    (
        1006,
        "Script",
        {"description": "<p>Before</p><script>alert(1)</script><style>p{}</style><p>After</p>"},
    ),
    (1007, "Shortcodes", {"description": '[vc_row][vc_column width="1/2"]Inside[/vc_column][/vc_row]'}),
    (1008, "CDATA", {"description": "<![CDATA[ not really ]]> ]]> & < >"}),
    (1009, "Long", {"description": LONG}),
    (1010, "Control characters", {"description": "a\x00b\x0bc\ufffe d\u2028e"}),
    # prices
    (1020, "No price", {"regular_price": ""}),
    (1021, "Free", {"regular_price": "0"}),
    (1022, "Four decimals", {"regular_price": "690.8125"}),
    (1023, "Negative price", {"regular_price": "-5"}),
    (1024, "Always on sale", {"sale_price": "8.00"}),
    (
        1025,
        "Sale in the future",
        {"sale_price": "8.00", "date_on_sale_from_gmt": "2098-01-01T00:00:00", "date_on_sale_to_gmt": None},
    ),
    (
        1026,
        "Sale over, price not yet told",
        {"sale_price": "8.00", "price": "8.00", "date_on_sale_to_gmt": "2020-01-01T00:00:00"},
    ),
    (
        1027,
        "Sale begun, price not yet told",
        {"sale_price": "8.00", "price": "10.00", "date_on_sale_from_gmt": "2020-01-01T00:00:00"},
    ),
    # stock
    (1040, "Sold out", {"manage_stock": True, "stock_quantity": 0}),
    (1041, "Sold too often", {"manage_stock": True, "stock_quantity": -3, "backorders": "notify"}),
    (1042, "On backorder", {"stock_status": "onbackorder"}),
    # who may see it
    (1060, "Draft", {"status": "draft"}),
    (1061, "Pending", {"status": "pending"}),
    (1062, "Private", {"status": "private"}),
    (1063, "Scheduled", {"status": "future", "date_created_gmt": "2098-01-01T00:00:00"}),
    (1064, "Trashed", {"status": "trash", "slug": "trashed__trashed"}),
    (1065, "Password", {"post_password": "secret-of-the-owner"}),
    (1066, "Hidden", {"catalog_visibility": "hidden"}),
    (1067, "Search only", {"catalog_visibility": "search"}),
    # addresses
    (1080, "No image", {"images": []}),
    (1081, "Blank and umlaut", {"images": ["https://cdn.example.com/p/94/gross bild-ü.jpg?v=94&w=1200"]}),
    (1082, "Without scheme", {"images": ["//cdn.example.com/p/1.jpg"]}),
    (1083, "Gift 🎁", {}),
    # identifiers
    (1100, "No sku", {"sku": "", "global_unique_id": ""}),
    (1101, "Odd sku", {"sku": "ÄRT/ 85-ü"}),
    (
        1102,
        "GTIN in a plugin's field",
        {
            "meta_data": [
                {"id": 7001, "key": "_ean_legacy", "value": "9520000000010"},
                {"id": 7002, "key": "_custom_json", "value": {"a": 1, "b": {"x": "ü"}}},
            ]
        },
    ),
    # types
    (
        1200,
        "External",
        {
            "type": "external",
            "external_url": "https://partner.example.com/?id=1&ref=x",
            "button_text": "Buy",
        },
    ),
    (1210, "Grouped", {"type": "grouped", "regular_price": "", "grouped_products": [1021, 1022, 999_999]}),
    (1220, "Variable without variations", {"type": "variable", "regular_price": "", "attributes": [SIZES]}),
    (
        1230,
        "Variable",
        {
            "type": "variable",
            "sku": "VAR",
            "regular_price": "",
            "weight": "1.25",
            "manage_stock": True,
            "stock_quantity": 50,
            "images": ["/wp-content/uploads/2026/01/var.png"],
            "attributes": [COLOURS, SIZES, ENGRAVING],
            "variations": [
                # everything its own
                {
                    "id": 1231,
                    "sku": "VAR-1",
                    "regular_price": "12.00",
                    "weight": "2",
                    "manage_stock": True,
                    "stock_quantity": 4,
                    "images": ["/wp-content/uploads/2026/01/red.png"],
                    "attributes": [choice(COLOURS, "Red"), choice(SIZES, "S"), choice(ENGRAVING, "none")],
                },
                # the sku, the image, the weight and the stock are the parent's, and any size will do
                {
                    "id": 1232,
                    "regular_price": "15.00",
                    "attributes": [choice(COLOURS, "Black &amp; Gold"), choice(ENGRAVING, "with Name")],
                },
                {
                    "id": 1233,
                    "regular_price": "9.00",
                    "status": "private",
                    "attributes": [choice(COLOURS, "Blue")],
                },
                {"id": 1234, "regular_price": "", "attributes": [choice(SIZES, "M")]},
                {"id": 1235, "regular_price": "20.00", "sale_price": "11.00", "attributes": []},
            ],
        },
    ),
    (
        1240,
        "Variable without images",
        {
            "type": "variable",
            "regular_price": "",
            "attributes": [SIZES],
            "variations": [{"id": 1241, "regular_price": "10.00", "attributes": [choice(SIZES, "42½")]}],
        },
    ),
)
