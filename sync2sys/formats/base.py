"""What a channel format is: a list of fields with their rules, a syntax, and who may appear.

A channel is one file of data: a `Format` whose fields say how the channel spells them, which rule
makes the value, the limit that applies and where that is written. `renderer.Renderer` makes it bytes.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from sync2sys.formats import countries
from sync2sys.formats.markets import Market, Wish
from sync2sys.formats.shipping import Delivery, Line
from sync2sys.formats.taxes import Tax

#: Several texts.
Words = tuple[str, ...]
#: Several values that have parts, such as a line of shipping: name of the part -> its text, never empty.
Groups = list[dict[str, str]]
#: A field's value for one item: text, a number, a truth, several texts, names with texts, groups, or None
#: for "leave it out". Never an empty text, tuple or list.
Value = str | int | bool | Words | dict[str, str] | Groups | None
#: A value as it was read back: a text, several, names with texts, which a single group is too, or groups.
Found = str | list[str] | dict[str, str] | Groups
#: A rule made ready for one field of one feed: the values of the field's source columns in, its value out.
Reader = Callable[..., Value]
#: Writes a value, None included.
Writer = Callable[[Value], str]


class Item(NamedTuple):
    """The row a format reads: any sequence of these values in this order, which a database row is too.

    What only asks about sales (`phase`, `next_change`) or explains takes them as attributes.
    """

    #: unique within the feed: the variant's external id
    key: str
    #: the product's external id
    group_key: str
    #: whether the product has, or could have, more than one variant
    has_variants: bool | int
    title: str
    variant_title: str | None
    #: as `text.plain` makes it
    description: str | None
    link: str | None
    image: str | None
    #: JSON list, main image first
    images: str | None
    brand: str | None
    #: JSON list of full paths, "Shoes > Running"
    categories: str | None
    gtin: str | None
    mpn: str | None
    sku: str | None
    #: JSON object, name -> value
    options: str | None
    #: decimals as text
    price: str | None
    sale_price: str | None
    #: aware
    sale_from: datetime | None
    sale_to: datetime | None
    currency: str | None
    #: in_stock, out_of_stock, backorder or preorder
    availability: str | None
    quantity: int | None
    weight: str | None
    weight_unit: str | None
    product_published: bool | int
    variant_published: bool | int
    purchasable: bool | int
    kind: str
    #: JSON list
    tags: str | None
    #: decimals as text, in `dimension_unit`
    length: str | None = None
    width: str | None = None
    height: str | None = None
    dimension_unit: str | None = None
    #: of the shop; None where it would not say
    prices_include_tax: bool | int | None = None
    taxable: bool | int | None = True
    tax_class: str | None = ""
    #: JSON object, name -> list of values: what does not tell variants apart
    attributes: str | None = None
    #: JSON object, key -> text: the shop's own fields
    meta: str | None = None
    #: JSON object, tax class -> rate in per cent: the shop's, of the country whose tax is put on or taken out
    tax_rates: str | None = None
    #: the shop's word for who may see the product; only looked at to say why it is left out
    status: str | None = None
    #: aware; when what is on pre-order or backorder will be there
    available_at: datetime | None = None


#: Columns that are looked at whatever the format.
ALWAYS = frozenset(
    (
        "key",
        "group_key",
        "options",
        "availability",
        "price",
        "sale_from",
        "sale_to",
        "currency",
        "product_published",
        "variant_published",
        "purchasable",
    )
)


class Context(NamedTuple):
    """What a feed says about itself, and the time its sales are judged by."""

    title: str
    link: str
    description: str
    #: aware; never appears in the output
    now: datetime
    #: what the owner says of the shop where the channel wants to know it: `Format.settings`
    settings: Mapping[str, str] = MappingProxyType({})
    #: when the catalogue last changed: all that a document may say about its own age
    as_of: datetime | None = None
    #: what it is in where its owner names none: that of the first store, or the only one that the feed takes
    currency: str = ""
    market: Market = Market()
    #: what prices shall be; None: as the shop keeps them
    tax: Tax | None = None
    #: what delivery costs
    shipping: tuple[Line, ...] = ()
    #: whether descriptions are as `text.plain` makes them, so that nobody need look at them once more
    is_plain: bool = False


class Join(NamedTuple):
    """How several values become one text."""

    #: stands between two; empty: they become a list of JSON
    joint: str
    #: what stands for it inside one; None: a value with it is put in quotes
    substitute: str | None


BLANKS = Join(",", " ")
#: A comma inside an address is encoded where commas part addresses.
ADDRESSES = Join(",", "%2C")
#: Texts with commas between them, and texts as a list of JSON.
TEXTS, JSON_LIST = Join(",", None), Join("", None)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a channel."""

    #: as the channel spells it, without a namespace prefix
    name: str
    #: makes the reader of the value; the first line of its docstring is the rule in words
    rule: "Rule"
    #: the columns of `Item` that the reader is given, in its order; `on_demand`: behind what is mapped
    source: tuple[str, ...]
    #: code points at most, of each value
    limit: int | None = None
    #: values at most, where there may be several
    times: int | None = None
    #: an item without it is left out
    required: bool = False
    #: an item without it is published, and the owner is told
    recommended: bool = False
    #: for which of Google's categories it is recommended, where the feed has one
    wanted_for: Callable[[str], bool] | None = None
    #: it is only there where the owner says what it holds: in the mapping, which its rule is given, or, where
    #: it has a rule for that too (`mapped`), in another part of the definition
    on_demand: bool = False
    #: what its value is made by where the owner says what it holds. Where there is none, a mapping replaces
    #: the first column of `source` if that is plain text, and is taken as a line of text if not
    mapped: "Rule | None" = None
    #: it reads what the shop has, whatever the owner says of other fields
    is_own: bool = False
    #: an optional field's column that is empty for most items, and then there is no value: spares the call
    given: str = ""
    #: for syntaxes without lists
    join: Join = BLANKS
    #: the parts of its groups, in the order in which they are written; empty where it has no groups
    parts: Words = ()
    #: where the limit and the rule are written
    reference: str = ""

    def left_out(self, blank: str) -> str:
        """What is written for no value. Missing where the field is required."""
        if self.required:
            raise Missing
        return blank


class FieldMaker(Protocol):
    """Makes the fields of one channel."""

    def __call__(
        self,
        name: str,
        rule: "Rule",
        *source: str,
        limit: int | None = None,
        times: int | None = None,
        required: bool = False,
        recommended: bool = False,
        wanted_for: Callable[[str], bool] | None = None,
        on_demand: bool = False,
        mapped: "Rule | None" = None,
        is_own: bool = False,
        given: str = "",
        join: Join = ADDRESSES,
        parts: Words = (),
    ) -> Field: ...


def fields_from(page: str) -> FieldMaker:
    """A maker of fields that are described on one page."""

    def make(name: str, rule: "Rule", *source: str, **more: Any) -> Field:
        return Field(name, rule, source, reference=page, **{"join": ADDRESSES} | more)

    return make


def asked_from(page: str) -> FieldMaker:
    """A maker of fields that are described on one page and there on demand."""
    make = fields_from(page)
    return lambda name, rule, *beside, **more: make(name, rule, *beside, on_demand=True, **more)


class Missing(Exception):
    """A required field has no value: the item is left out."""


def unsaid(*columns: Any) -> None:
    """The reader of a rule that works with what the owner says, where nothing was said."""


Rule = Callable[[Field, Context], Reader]
#: Given a field's columns: what is to be said of the value, as a code of `issues`, or None.
Doubt = Callable[..., str | None]


#: Makes a doubt ready for one field of one feed.
Doubting = Callable[[Field, Context], Doubt]


class Checked:
    """A rule that can say more than its value does.

    `doubt` is asked where there is no value, `overflow` where the value may be shorter than what was found,
    and `remark` of any value, so it has to be quick. `setting` is the feed's setting that the value is.
    """

    def __init__(
        self,
        rule: Rule,
        doubt: Doubting | None,
        overflow: Doubting | None,
        remark: Doubting | None = None,
        setting: str = "",
    ) -> None:
        self.rule = rule
        self.doubt, self.overflow, self.remark = doubt, overflow, remark
        self.setting = setting
        self.__doc__ = rule.__doc__

    def __call__(self, field: Field, context: Context) -> Reader:
        return self.rule(field, context)

    def lend(self, rule: Rule) -> "Checked":
        """Decorate a rule that writes the same values in another way, and can say the same of them."""
        return Checked(rule, self.doubt, self.overflow, self.remark, self.setting)

    def given(self, adapt: Callable[[Callable[..., Any]], Callable[..., Any]]) -> "Checked":
        """The same rule given other columns: `adapt` makes of its reader, and of all that it can say, what
        takes those.
        """

        def adapted(make: Callable[[Field, Context], Any] | None) -> Any:
            return None if make is None else lambda field, context: adapt(make(field, context))

        rule, doubt, overflow = map(adapted, (self.rule, self.doubt, self.overflow))
        return Checked(rule, doubt, overflow, adapted(self.remark), self.setting)


def whole(rule: Rule) -> Checked:
    """A rule with what it can say, which may be nothing."""
    return rule if isinstance(rule, Checked) else Checked(rule, None, None)


def checked(
    doubt: Doubting | None = None,
    overflow: Doubting | None = None,
    remark: Doubting | None = None,
    setting: str = "",
) -> Callable[[Rule], Checked]:
    """Decorate a rule with what it can say."""
    return lambda rule: Checked(rule, doubt, overflow, remark, setting)


def words_of(rule: Rule) -> str:
    """What a rule says of itself."""
    return (rule.__doc__ or "").partition("\n")[0]


class Syntax(Protocol):
    """How values become text. Knows no channel.

    An item is `opening`, the pieces of its fields with `glue` between them, `closing`.
    """

    #: stands between two items, never before the first or after the last
    separator: bytes
    opening: str
    glue: str
    closing: str

    def prologue(self, context: Context, version: str, fields: tuple[Field, ...]) -> bytes:
        """All that stands before the first item."""

    def epilogue(self) -> bytes:
        """All that stands behind the last item."""

    def writer(self, field: Field) -> Writer:
        """A function that writes the field's values; None by `field.left_out`."""

    def split(self, chunk: bytes) -> list[bytes]:
        """The same bytes in parts of whole items, of one item each where that is easily seen.

        Any of the parts with `separator` between them can be read.
        """

    def read(self, format: "Format", chunk: bytes) -> Iterator[dict[str, Found]]:
        """The items of what `Renderer.chunk` makes, in their order; a field without a value is not there.

        Numbers and truths come as texts. What a syntax cannot tell apart stays as it stands there: several
        values in a cell of CSV are one text, and a single element of XML is no list.
        """


@dataclass(frozen=True, slots=True)
class Variants:
    """How a channel has a product's variants inside the product, whose own fields are its first variant's."""

    #: of each variant
    fields: tuple[Field, ...]
    #: writes their values; `opening`, `glue` and `closing` are a variant's
    syntax: Syntax
    #: what stands around all variants, and between two
    opening: str
    between: str
    closing: str
    #: columns that tell products apart beside the product's id, given the item's options
    split: Callable[[str | None], str] = lambda options: ""
    #: whether a product has variants to show, given an item's options
    shown: Callable[[str | None], bool] = lambda options: True
    #: fields of the product that are made of all its variants' values
    summary: tuple[tuple[Field, Callable[[list[Value]], Value]], ...] = ()


#: Currencies of a format that does not take a single one.
EACH, LOCAL = "each", "local"


@dataclass(frozen=True, slots=True)
class Format:
    """A channel's product feed."""

    name: str
    #: changes whenever the same data would make other bytes
    version: str
    label: str
    content_type: str
    #: of the file's name, without a point
    extension: str
    syntax: Syntax
    fields: tuple[Field, ...]
    #: what its rules are taken from, and how far to believe them
    source: str = "Our own."
    #: own: ours; official: the channel's own text; excerpt: parts of it; second-hand: what others made of it
    standing: str = "own"
    #: what the owner has to say, name -> what it is; items are left out without those that are required
    settings: Mapping[str, str] = field(default_factory=dict)
    #: items and uncompressed bytes at most in one file; what is more goes into further files
    most_items: int | None = None
    most_bytes: int | None = None
    #: whether its prices are with tax; None: it takes them as they come
    wish: Wish | None = None
    #: the one currency that it takes; EACH: its file names that of every price; LOCAL: that of the market
    currency: str = EACH
    #: the one country in which it sells; empty: several
    country: str = ""
    #: what it tells of delivery; None: nothing
    delivery: Delivery | None = None
    #: it refuses variants of a product that nothing tells apart
    wants_distinct: bool = False
    #: what a merchant should know before using it
    remark: str = ""
    #: for channels that have variants inside their product
    variants: Variants | None = None

    @property
    def columns(self) -> frozenset[str]:
        """The columns of `Item` that it reads."""
        return ALWAYS.union(*(each.source for each in self.all_fields))

    @property
    def id_field(self) -> Field:
        """The field that names an item."""
        return self.fields[0] if self.variants is None else self.variants.fields[0]

    @property
    def all_fields(self) -> tuple[Field, ...]:
        """The fields of a product and of its variants."""
        if self.variants is None:
            return self.fields
        return (*self.fields, *self.variants.fields, *(each for each, _ in self.variants.summary))

    def currency_in(self, market: Market, first: str) -> str:
        """The only currency that prices can have there; empty where each says its own.

        A file that names none has the market's, or, where that is not known, that of the first store.
        """
        if self.currency != LOCAL:
            return "" if self.currency == EACH else self.currency
        return countries.CURRENCY.get(market.country) or first
