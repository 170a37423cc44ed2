"""Small catalogues for the fake: a few plain products, and one of everything that is odd."""


def few(count=3):
    """So many products with one variant each."""
    return [
        {
            "title": f"Product {number}",
            "descriptionHtml": f"<p>The product with the number {number}.</p>",
            "vendor": "Acme",
            "productType": "Things",
            "images": [f"/products/{number}.png"],
            "collections": ["Everything"],
            "variants": [{"sku": f"SKU-{number}", "price": f"{number}.50", "stock": number}],
        }
        for number in range(11, 11 + count)
    ]


def shirts(count=2, sizes=("S", "M", "L")):
    """So many products with a variant for each size."""
    return [
        {
            "title": f"Shirt {number}",
            "options": {"Size": list(sizes)},
            "images": [f"/shirts/{number}.png"],
            "variants": [
                {"sku": f"SHIRT-{number}-{size}", "price": f"{20 + place}.00", "stock": place}
                for place, size in enumerate(sizes)
            ],
        }
        for number in range(count)
    ]


def odd():
    """One product of every oddity, by title in `ODD`."""
    return [{"title": title} | fields for title, fields in ODD]


ODD = (
    # what people type
    ("Emoji 😀🚀 and ½", {"descriptionHtml": "<p>4 bytes: 😀🚀</p>"}),
    ("كوب قهوة", {"vendor": "متجر", "handle": "coffee-cup"}),
    ("תיק \u200fגב", {}),
    ("", {"handle": "nameless"}),
    ("Raw & Co. <Special Edition>", {}),
    ("Script", {"descriptionHtml": "<p>Before</p><script>alert(1)</script><p>After</p>"}),
    ("Line separators", {"descriptionHtml": "a\u2028b\u2029c"}),
    # who may see it
    ("Draft", {"status": "DRAFT"}),
    ("Archived", {"status": "ARCHIVED"}),
    ("Unlisted", {"status": "UNLISTED"}),
    ("Not in the Online Store", {"online": False}),
    ("Gift card", {"isGiftCard": True, "variants": [{"price": "25.00", "requiresShipping": False}]}),
    # prices
    ("Free", {"variants": [{"price": "0.00"}]}),
    ("Reduced", {"variants": [{"price": "8.00", "compareAtPrice": "10.00"}]}),
    ("Once dearer, now not", {"variants": [{"price": "10.00", "compareAtPrice": "8.00"}]}),
    # stock
    ("Sold out", {"variants": [{"stock": 0}]}),
    ("Sold too often", {"variants": [{"stock": -3, "inventoryPolicy": "CONTINUE"}]}),
    ("Not counted", {"variants": [{"tracked": False}]}),
    # identifiers
    (
        "All that can be told",
        {
            "category": {
                "id": "gid://shopify/TaxonomyCategory/sg-4-17-2-17",
                "name": "Snowboards",
                "fullName": "Sporting Goods > Outdoor Recreation > Winter Sports > Snowboarding > Snowboards",
            },
            "tags": ["new", "winter"],
            "seo": {"title": "For search", "description": "Found well"},
            "metafields": {"custom.gtin": "4006381333931", "custom.parts": ("number_integer", "3")},
            "variants": [
                {
                    "sku": "ÄRT/ 85-ü",
                    "barcode": "4006381333931",
                    "weight": 1.5,
                    "unitCost": "3.10",
                    "countryCodeOfOrigin": "DE",
                    "harmonizedSystemCode": "950612",
                    "unitPriceMeasurement": {
                        "measuredType": "VOLUME",
                        "quantityUnit": "ML",
                        "quantityValue": 250.0,
                        "referenceUnit": "L",
                        "referenceValue": 1,
                    },
                }
            ],
        },
    ),
    # pictures
    ("No picture", {}),
    ("Picture not ready", {"images": [{"src": "/new.png", "status": "PROCESSING"}]}),
    (
        "A film",
        {
            "images": [
                {"__typename": "Video", "src": "/film.mp4", "mediaContentType": "VIDEO"},
                "/still.png",
            ]
        },
    ),
    # options
    (
        "Two options",
        {
            "options": {"Colour": ["Red", "Black & Gold"], "Size": ["42½", "43"]},
            "images": ["/red.png", "/black.png"],
            "variants": [
                {"options": ["Red", "42½"], "sku": "RED", "image": "/red.png"},
                {"options": ["Black & Gold", "43"], "sku": "BLACK", "image": "/black.png"},
            ],
        },
    ),
)
