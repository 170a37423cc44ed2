"""Fields of variants: prices, options, what there is of them."""

from decimal import Decimal

from tests.shops.shopify.connections import Rows
from tests.shops.shopify.fields import amount, field
from tests.shops.shopify.inventory import item_of
from tests.shops.shopify.products import image, option


def product_of(variant, context):
    return context.shop.catalogue.products[variant["product"]]


@field("ProductVariant.product")
def product(variant, context):
    return product_of(variant, context)


@field("ProductVariant.title")
def title(variant, context):
    return " / ".join(variant["options"])


@field("ProductVariant.displayName")
def display_name(variant, context):
    return f"{product_of(variant, context)['title']} - {title(variant, context)}"


@field("ProductVariant.selectedOptions")
def selected_options(variant, context):
    owner = product_of(variant, context)
    chosen = zip(owner["options"], variant["options"], strict=True)
    return [
        {"name": name, "value": value, "owner": owner, "place": place}
        for place, (name, value) in enumerate(chosen, start=1)
    ]


@field("SelectedOption.optionValue")
def option_value(selected, context):
    name, values = selected["name"], selected["owner"]["options"][selected["name"]]
    made = option(selected["owner"], selected["place"], name, values)["optionValues"]
    return next(each for each in made if each["name"] == selected["value"])


@field("ProductVariant.availableForSale")
def available_for_sale(variant, context):
    return not variant["tracked"] or variant["inventoryPolicy"] == "CONTINUE" or inventory(variant) > 0


@field("ProductVariant.inventoryQuantity")
def inventory_quantity(variant, context):
    return inventory(variant)


@field("ProductVariant.sellableOnlineQuantity")
def sellable_online_quantity(variant, context):
    return inventory(variant)


def inventory(variant):
    """Of all locations together; below zero where too many were sold."""
    return sum(variant["levels"].values())


@field("ProductVariant.inventoryItem")
def inventory_item(variant, context):
    return item_of(variant)


@field("ProductVariant.media")
def media(variant, context, **paging):
    shown = [] if variant["image"] is None else [product_of(variant, context)["images"][variant["image"]]]
    return context.page(Rows(shown), **paging)


@field("ProductVariant.image")
def variant_image(variant, context, **transform):
    shown = variant["image"]
    return None if shown is None else image(product_of(variant, context)["images"][shown], context)


@field("ProductVariant.requiresComponents", "ProductVariant.showUnitPrice")
def no(variant, context):
    return False


@field("ProductVariant.contextualPricing")
def contextual_pricing(variant, here, /, context):
    """Prices as customers of a country see them, converted where the shop sells there in its currency."""
    currency, rate = here.shop.presentment.get(context.get("country"), (here.shop.currency, "1"))

    def shown(price):
        return None if price is None else amount(Decimal(price) * Decimal(rate), currency)

    return {"price": shown(variant["price"]), "compareAtPrice": shown(variant["compareAtPrice"])}
