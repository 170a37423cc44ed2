"""The other end of a pull."""

import json


class Mirror:
    """What somebody has who keeps each page, as the service does."""

    def __init__(self, pages=()):
        self.products, self.variants, self.pages = {}, {}, []
        for page in pages:
            self.keep(page)

    def keep(self, page):
        json.dumps(page.cursor)
        self.products |= {each.external_id: each for each in page.products}
        self.variants |= {each.external_id: each for each in page.variants}
        for key in page.gone_products:
            self.products.pop(key, None)
        for key in page.gone_variants:
            self.variants.pop(key, None)
        self.pages.append(page)
        return page

    @property
    def bought(self):
        """The variants whose product is there: one that is gone takes its own with it."""
        return {key: each for key, each in self.variants.items() if each.product_external_id in self.products}

    @property
    def last(self):
        return self.pages[-1]

    def is_exact(self):
        totals = (self.last.product_total, self.last.variant_total)
        return totals == (len(self.products), len(self.variants))
