"""Suppliers' offers: rows of text in, offers out, and what a shop shall ask and show for them.

    fields      what an offer can have, and by which names suppliers call it
    figures     numbers, dates and words as suppliers write them
    mapping     which column is which field, as a merchant defines it
    guesses     the same, suggested from a list's header and first rows
    rows        a row and a mapping make an offer, or a refusal with its line
    duplicates  several rows for one key: one offer where they agree, none where they do not
    quality     what a list looks like as a whole, and whether today's looks like yesterday's
    matching    which variant of the catalogue an offer is for
    policies    the merchant's rules for price and stock
    decision    offers and rules give a price and a stock, with reasons

Money is `Decimal`, amounts of different currencies never meet, and whether an amount is with tax is always
said or unknown, never assumed.
"""
