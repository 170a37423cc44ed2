"""The rules that channels share: each takes a field and a feed's context and makes a reader.

A reader takes the field's source columns and gives its value. Readers run for every field of every
item, so each looks first whether the column can be taken as it is. Rules for what owners map take that
first: one text, or several where the field takes several values. The first line of a rule's docstring
is shown to owners as the rule that made a value.
"""

from sync2sys.formats.rules.apparel import is_apparel, is_sized
from sync2sys.formats.rules.categories import category_path, deepest_category, google_category
from sync2sys.formats.rules.doubts import not_a_word, unusable
from sync2sys.formats.rules.groups import found_groups, grouped, groups, part
from sync2sys.formats.rules.identifiers import (
    branded,
    ean,
    group,
    gtin,
    identified,
    identifier,
    isbn,
    narrow_group,
    narrow_identifier,
    part_number,
)
from sync2sys.formats.rules.links import (
    address,
    all_images,
    comma_free_image,
    joined_addresses,
    joined_images,
    main_image,
    more_images,
    other_image,
)
from sync2sys.formats.rules.market import (
    PAID,
    delivery_cost,
    home_country,
    said_shipping,
    shipping,
    target_countries,
    vat,
)
from sync2sys.formats.rules.measures import (
    GRAMS,
    decimal,
    dimensions,
    grams,
    in_stock_number,
    kilograms,
    length,
    number,
    number_of_weight,
    orderable_number,
    percent,
    plain_number,
    quantity,
    side,
    unit_of_weight,
    weight,
    whole,
)
from sync2sys.formats.rules.moments import (
    DAY,
    MINUTES,
    MINUTES_WITH_COLON,
    SECONDS,
    day_of_arrival,
    day_of_delivery,
    day_or_days,
    moment,
    period,
)
from sync2sys.formats.rules.options import (
    KNOWN,
    all_options,
    details,
    known_word,
    option,
    options_and_attributes,
    other_options,
    other_options_in_a_line,
)
from sync2sys.formats.rules.prices import (
    cost,
    current_price,
    dated_sale_price,
    plain_price,
    plain_sale_price,
    price,
    price_before,
    sale_begin,
    sale_end,
    sale_period,
    sale_price,
    sale_window,
    stated_amount,
    stated_price,
)
from sync2sys.formats.rules.settings import setting
from sync2sys.formats.rules.several import several
from sync2sys.formats.rules.texts import (
    description,
    full_title,
    group_title,
    long_text,
    prose,
    text,
    text_list,
    text_object,
)
from sync2sys.formats.rules.words import constant, country, currency, listed, one_of, word, yes_or_no
