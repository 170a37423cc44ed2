"""The shop as a buyer sees it: home page, product pages, pictures."""

import html
from typing import TYPE_CHECKING
from urllib.parse import unquote

from sync2sys.demo import pictures, shapes
from sync2sys.demo.records import Record
from sync2sys.demo.web import Answer, Request

if TYPE_CHECKING:
    from sync2sys.demo.shop import Shop

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width">
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem}}
img{{max-width:20rem;height:auto}}li.product{{margin:.2rem 0}}</style></head>
<body><p><a href="{home}/">{shop}</a></p>
<h1>{title}</h1>
{body}
</body></html>
"""


def answer(shop: "Shop", request: Request) -> Answer:
    """Answer a request for the site. Outside the shop's folder the web server answers, not the shop."""
    path = request.path.removeprefix(shop.path) or "/"
    if not f"{request.path}/".startswith(f"{shop.path}/"):
        return Answer.html("<html><head><title>404 Not Found</title></head></html>", 404)
    if path in shop.uploads:
        return Answer(200, pictures.png(path), {"Content-Type": "image/png"}, chunked=False)
    if path.startswith("/wc-api/"):
        message = "The WooCommerce API is disabled on this site"
        return Answer.json({"errors": {"code": "woocommerce_api_disabled", "message": message}}, 404)
    home = shop.address(request)
    link = {"Link": f'<{shop.rest_url(home, "/")}>; rel="https://api.w.org/"'}
    record = _record_at(shop, request, path)
    if record is not None:
        return Answer.html(product_page(shop, record, home, request), 200, **link)
    # With plain permalinks WordPress takes an address it does not know for its home page.
    if path in ("/", "/index.php") or shop.permalinks == "plain":
        return Answer.html(home_page(shop, home), 200, **link)
    return Answer.html(_page(shop, home, "Page not found", "<p>There is nothing here.</p>"), 404, **link)


def _record_at(shop: "Shop", request: Request, path: str) -> Record | None:
    """The published product at that address."""
    slug = request.query.get("product", "")
    if path.startswith("/product/"):
        slug = path.split("/")[2]
    if not slug:
        return None
    published = (record for record in shop.records.values() if record["status"] == "publish")
    return next((record for record in published if record["slug"] and unquote(record["slug"]) == slug), None)


def home_page(shop: "Shop", home: str) -> str:
    """All visible products, by their first category."""
    groups: dict[int, list[str]] = {}
    for record in shop.select("product", {"status": "publish", "orderby": "title", "order": "asc"}):
        if record["catalog_visibility"] in ("visible", "catalog"):
            link = html.escape(shapes.permalink(shop, record, home))
            line = f'<li class="product"><a href="{link}">{record["name"]}</a></li>'
            groups.setdefault(record["categories"][0]["id"], []).append(line)
    names = sorted((_trail(shop, number), number) for number in groups)
    body = "".join(f"<h2>{name}</h2>\n<ul>{''.join(groups[number])}</ul>\n" for name, number in names)
    return _page(shop, home, html.escape(shop.name), body)


def _trail(shop: "Shop", number: int) -> str:
    term = shop.categories[number]
    return f"{_trail(shop, term['parent'])} &rsaquo; {term['name']}" if term["parent"] else str(term["name"])


def product_page(shop: "Shop", record: Record, home: str, request: Request) -> str:
    """The product; with `?attribute_…` the price is that of the chosen variation."""
    if record["post_password"]:
        return _page(shop, home, f"Protected: {record['name']}", "<p>This product needs a password.</p>")
    shown = _chosen(shop, record, home, request) or record
    figures = shapes.worked_out(shop, shown, shop.now_text())
    images = shown["images"] or record["images"]
    body = [f"<p><strong>{figures['price_html']}</strong> <em>{figures['stock_status']}</em></p>"]
    body += [
        f'<p><img src="{html.escape(shapes.source(home, each["src"]))}" alt=""></p>' for each in images[:1]
    ]
    body.append(record["description"])
    body += [
        _choice(shop, child, home) for child in shop.children(record["id"]) if child["status"] == "publish"
    ]
    return _page(shop, home, record["name"], "\n".join(body))


def _chosen(shop: "Shop", record: Record, home: str, request: Request) -> Record | None:
    query = request.target.partition("?")[2]
    found = (child for child in shop.children(record["id"]) if query and child["status"] == "publish")
    return next((each for each in found if shapes.permalink(shop, each, home).endswith(f"?{query}")), None)


def _choice(shop: "Shop", child: Record, home: str) -> str:
    link = html.escape(shapes.permalink(shop, child, home))
    return f'<p><a href="{link}">{shapes.short_name(child)}</a>: {child["price"]}</p>'


def _page(shop: "Shop", home: str, title: str, body: str) -> str:
    return PAGE.format(title=title, shop=html.escape(shop.name), home=html.escape(home), body=body)
