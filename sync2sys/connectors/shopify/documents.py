"""Every question that is asked of the Admin API; tests hold each against Shopify's schemas.

Nothing deprecated is asked for. In a bulk operation connections are written with edges, elsewhere with
nodes; what is asked of a product and of a variant is the same in both. Lists are asked for by `id:>`, behind
the last one seen: that goes on after a kill, and beyond the 25,000 at which Shopify's own cursors end.
"""

from sync2sys.connectors.shopify.products import IMAGES, METAFIELDS

_IMAGE = "id ... on MediaImage { image { url } }"
_METAFIELD = "id namespace key value type"
_PRODUCT = f"""
      id
      title
      descriptionHtml
      vendor
      productType
      status
      tags
      onlineStoreUrl
      updatedAt
      hasOnlyDefaultVariant
      category {{ fullName }}
      featuredMedia {{ {_IMAGE} }}
"""
_VARIANT = """
          id
          title
          sku
          barcode
          price
          compareAtPrice
          availableForSale
          inventoryPolicy
          inventoryQuantity
          taxable
          updatedAt
          selectedOptions { name value }
          inventoryItem { tracked measurement { weight { value unit } } }
"""

_VARIANTS = f"""
        nodes {{{_VARIANT}          media(first: 1) {{ nodes {{ {_IMAGE} }} }}
        }}
        pageInfo {{ hasNextPage endCursor }}
"""

_WHOLE_PRODUCT = f"""{_PRODUCT}      media(first: {IMAGES}) {{ nodes {{ {_IMAGE} }} }}
      metafields(first: {METAFIELDS}) {{ nodes {{ {_METAFIELD} }} }}
      variants(first: $variants) {{{_VARIANTS}      }}
"""

#: Who the shop is. Needs no scope.
SHOP = """
query Shop {
  shop {
    id
    name
    myshopifyDomain
    url
    currencyCode
    weightUnit
    taxesIncluded
    ianaTimezone
    primaryDomain { url }
    shopAddress { countryCodeV2 }
  }
  currentAppInstallation { accessScopes { handle } }
}
"""

PRODUCTS = f"""
query Products($first: Int!, $query: String!, $variants: Int!) {{
  products(first: $first, query: $query, sortKey: ID) {{
    nodes {{{_WHOLE_PRODUCT}    }}
    pageInfo {{ hasNextPage }}
  }}
}}
"""

#: Products by name: their search lags behind, they themselves do not.
NAMED = f"""
query Named($ids: [ID!]!, $variants: Int!) {{
  nodes(ids: $ids) {{
    ... on Product {{{_WHOLE_PRODUCT}    }}
  }}
}}
"""

#: More variants of one product than came with it.
VARIANTS = f"""
query Variants($product: ID!, $first: Int!, $after: String) {{
  product(id: $product) {{
    variants(first: $first, after: $after) {{{_VARIANTS}    }}
  }}
}}
"""

#: How much there is. The bound of a count is lifted, and then it says whether it is exact.
COUNT = """
query Count($query: String!) {
  productsCount(query: $query, limit: null) { count precision }
}
"""

IDS = """
query Ids($first: Int!, $query: String!) {
  products(first: $first, query: $query, sortKey: ID) {
    nodes { id }
    pageInfo { hasNextPage }
  }
}
"""


def _connection(name: str, fields: str) -> str:
    return f"{name} {{ edges {{ node {{ {fields} }} }} }}"


def everything(query: str) -> str:
    """The question for a bulk operation: all products that `query` finds. It cannot have variables."""
    variants = _connection("variants", _VARIANT + _connection("media", _IMAGE))
    parts = [_connection("media", _IMAGE), _connection("metafields", _METAFIELD), variants]
    return "{ " + _connection(f'products(query: "{query}")', _PRODUCT + "\n".join(parts)) + " }"


HOOKS = """
query Hooks {
  webhookSubscriptions(first: 100) { nodes { id topic uri } }
}
"""

MAKE_HOOK = """
mutation MakeHook($topic: WebhookSubscriptionTopic!, $hook: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $hook) {
    webhookSubscription { id }
    userErrors { field message }
  }
}
"""

RUN_BULK = """
mutation RunBulk($query: String!) {
  bulkOperationRunQuery(query: $query, groupObjects: false) {
    bulkOperation { id status }
    userErrors { field message code }
  }
}
"""

BULK = """
query Bulk($id: ID!) {
  bulkOperation(id: $id) { id status errorCode objectCount rootObjectCount fileSize url }
}
"""

#: What stands in the shop of a few variants. Their stock is at the one location that was chosen, or else
#: there is only one: a second is asked for to see that.
CURRENT = """
query Current($ids: [ID!]!, $location: ID!, $chosen: Boolean!, $open: Boolean!) {
  shop { currencyCode }
  locations(first: 2) @include(if: $open) { nodes { id } }
  nodes(ids: $ids) {
    ... on ProductVariant {
      id
      price
      compareAtPrice
      product { id }
      inventoryItem {
        id
        tracked
        inventoryLevel(locationId: $location) @include(if: $chosen) {
          location { id }
          quantities(names: ["available"]) { name quantity }
        }
        inventoryLevels(first: 2) @include(if: $open) {
          nodes {
            location { id }
            quantities(names: ["available"]) { name quantity }
          }
        }
      }
    }
  }
}
"""

SET_PRICES = """
mutation SetPrices($product: ID!, $variants: [ProductVariantsBulkInput!]!) {
  productVariantsBulkUpdate(productId: $product, variants: $variants, allowPartialUpdates: true) {
    productVariants { id price compareAtPrice inventoryItem { tracked } }
    userErrors { field message code }
  }
}
"""

SET_STOCK = """
mutation SetStock($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup {
      changes(quantityNames: ["available"]) { name delta item { id } location { id } }
    }
    userErrors { field message code }
  }
}
"""

#: Stock at a location where there was none of it.
STOCK_HERE = """
mutation StockHere($item: ID!, $location: ID!, $available: Int!, $key: String!) {
  inventoryActivate(inventoryItemId: $item, locationId: $location, available: $available)
    @idempotent(key: $key) {
    inventoryLevel { location { id } quantities(names: ["available"]) { name quantity } }
    userErrors { field message }
  }
}
"""
