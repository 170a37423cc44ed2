"""The rules that channels share: each takes a field and a feed's context and makes a reader.

A reader takes the field's source columns and gives its value. Readers run for every field of every
item, so each looks first whether the column can be taken as it is. The first line of a rule's
docstring is shown to owners as the rule that made a value.
"""

from sync2sys.formats.rules.categories import category_path, deepest_category, google_category
from sync2sys.formats.rules.identifiers import (
    branded,
    ean,
    group,
    gtin,
    identified,
    identifier,
    narrow_group,
    narrow_identifier,
    part_number,
)
from sync2sys.formats.rules.links import address, comma_free_image, joined_images, main_image, more_images
from sync2sys.formats.rules.market import (
    PAID,
    delivery_cost,
    home_country,
    shipping,
    target_countries,
    vat,
)
from sync2sys.formats.rules.measures import grams, in_stock_number, kilograms, number, plain_weight, weight
from sync2sys.formats.rules.prices import (
    current_price,
    plain_price,
    plain_sale_price,
    price,
    price_before,
    sale_begin,
    sale_end,
    sale_period,
    sale_price,
    sale_window,
)
from sync2sys.formats.rules.settings import setting
from sync2sys.formats.rules.texts import full_title, long_text, text, text_list
from sync2sys.formats.rules.words import all_options, constant, listed, option, unset, word, yes_or_no
