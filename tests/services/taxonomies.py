"""A small taxonomy of our own making, and one that came after it."""

from sync2sys.database import transaction
from sync2sys.services import taxonomies

FILE = """# Google_Product_Taxonomy_Version: 2026-01-01
10 - Apparel
11 - Apparel > Shoes
12 - Apparel > Shoes > Running Shoes
13 - Apparel > Hats
20 - Home
21 - Home > Kitchen Knives
22 - Home > Lamps
"""
#: Without 12 and with another path for 21.
LATER = """# Google_Product_Taxonomy_Version: 2026-06-01
10 - Apparel
11 - Apparel > Shoes
13 - Apparel > Hats
20 - Home
21 - Home > Knives
22 - Home > Lamps
"""


def load(app, text=FILE):
    """Make it the taxonomy of the application."""
    with app.app_context():
        transaction(taxonomies.keep)(text, taxonomies.parse(text))
