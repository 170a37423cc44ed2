"""What a render is made from, read once from one snapshot of the catalogue, as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from types import MappingProxyType, SimpleNamespace
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, Row, select

from sync2sys.errors import BadRequest, NotFound
from sync2sys.extensions import settings
from sync2sys.formats import FORMATS, custom, remarks
from sync2sys.formats.base import Context, Format
from sync2sys.formats.custom import Custom
from sync2sys.formats.definitions import BadDefinition
from sync2sys.formats.remarks import Remark
from sync2sys.formats.renderer import Renderer
from sync2sys.models import Feed, Render
from sync2sys.models.base import now
from sync2sys.services import items, taxonomies
from sync2sys.services.guard import Thresholds
from sync2sys.services.items import Source

#: Part of what every piece is made from. Raised when equal data makes other bytes, or has other things
#: said of it, and no format has got another version for that.
VERSION = 2


class Standing(NamedTuple):
    """A finished render, as it was when a new one began."""

    id: str
    etag: str
    length: int
    items: int
    in_stock: int
    excluded: dict[str, int]
    noted: dict[str, int]
    hold: list[dict[str, Any]] | None
    changed_at: datetime
    generated_at: datetime


@dataclass(frozen=True)
class Plan:
    """All that a render is made from, as plain values."""

    feed_id: str
    #: what must still be so when it is published
    seen: tuple[Any, ...]
    format: Format
    context: Context
    custom: Custom
    #: the custom part as it was defined
    definition: dict[str, Any]
    sources: list[Source]
    #: what of it looks like an accident
    guard: Thresholds
    #: equal marks, equal catalogue and definition
    mark: str
    #: its owner went back to an older render
    is_pinned: bool
    #: neither catalogue nor definition nor a sale's beginning or end has changed it
    is_current: bool
    live: Standing | None
    held: Standing | None

    @property
    def columns(self) -> frozenset[str]:
        """What is read of each item."""
        return self.format.columns | self.custom.columns

    @property
    def remarks(self) -> list[Remark]:
        """What its owner should know about the whole feed."""
        return remarks.about(self.format, self.custom, self.sources)

    @property
    def renderer(self) -> Renderer:
        """A new renderer of the feed; making one takes milliseconds."""
        return Renderer(self.format, self.context, self.custom)


def make(catalogue: Connection, feed_id: str, unsaved: Mapping[str, Any] = MappingProxyType({})) -> Plan:
    """The plan of a feed as the snapshot shows it; `unsaved` columns stand in for those that are kept,
    as they would be kept.

    Raises NotFound, and BadRequest for an unknown format or a definition that does not fit it.
    """
    feed = SimpleNamespace(**dict(row_of(catalogue, feed_id)._mapping) | dict(unsaved))
    format = FORMATS.get(feed.format)
    if format is None:
        raise BadRequest(f"The feed's format {feed.format} is not known here.")
    try:
        if "definition" in unsaved:
            taxonomy = taxonomies.needed_for(catalogue, feed.definition)
            feed.definition = custom.settled(format, feed.definition, taxonomy)
        made_of = custom.parse(format, feed.definition)
    except BadDefinition as bad:
        place = f"definition.{bad.path}" if bad.path else "definition"
        raise BadRequest("The definition does not fit the format.", details={place: [bad.message]}) from bad
    market = made_of.market.country if made_of.market else ""
    taxed_in = market if made_of.tax else None
    sources = items.sources(catalogue, feed.organization_id, feed.sources, taxed_in)
    moment = now()
    context = _context(feed, sources, moment)
    common = base(format, context, sources, feed.definition)
    mark = _digest(common, [[source.channel_id, source.catalog_version] for source in sources])
    return Plan(
        feed_id=feed_id,
        seen=seen(feed),
        format=format,
        context=context,
        custom=made_of,
        definition=feed.definition,
        sources=sources,
        guard=Thresholds(**feed.guard),
        mark=mark,
        is_pinned=feed.pinned_at is not None,
        # A render that was dropped leaves no mark, so there is one that stands.
        is_current=mark == feed.rendered_mark and (feed.stale_at is None or feed.stale_at > moment),
        live=_standing(catalogue, feed.live_render_id),
        held=_standing(catalogue, feed.held_render_id),
    )


def row_of(catalogue: Connection, feed_id: str) -> Row[Any]:
    """The columns of a feed. Raises NotFound."""
    feed = catalogue.execute(select(Feed.__table__).where(Feed.id == feed_id)).one_or_none()
    if feed is None:
        raise NotFound("No such feed.")
    return feed


def _context(feed: SimpleNamespace, sources: Sequence[Source], moment: datetime) -> Context:
    document = feed.document or {}
    shop = sources[0] if sources else None
    title = document.get("title") or (shop.name if shop else "") or feed.name
    link = document.get("link") or (shop.home if shop else "") or settings.PUBLIC_URL
    changes = [source.catalog_changed_at for source in sources if source.catalog_changed_at]
    description = document.get("description") or title
    currency = shop.currency if shop else ""
    return Context(
        title, link, description, moment, as_of=max(changes, default=None), currency=currency, is_plain=True
    )


def seen(feed: SimpleNamespace | Feed) -> tuple[Any, ...]:
    """What nobody else may have changed between a plan and its publishing."""
    definition = (feed.format, feed.sources, feed.document, feed.definition, feed.name, feed.guard)
    return (*definition, feed.live_render_id, feed.held_render_id, feed.pinned_at, feed.rendered_mark)


def _standing(catalogue: Connection, render_id: str | None) -> Standing | None:
    if render_id is None:
        return None
    row = catalogue.execute(select(Render.__table__).where(Render.id == render_id)).one_or_none()
    return None if row is None else Standing._make(getattr(row, name) for name in Standing._fields)


def base(
    format: Format, context: Context, sources: Sequence[Source], definition: dict[str, Any]
) -> list[Any]:
    """What all items of a feed share."""
    facts = ("prefix", "currency", "weight_unit", "dimension_unit", "prices_include_tax", "charges_tax")
    shops = [[getattr(each, name) for name in (*facts, "tax_rates")] for each in sources]
    return [VERSION, format.name, format.version, list(context[:3]), shops, definition]


def _digest(*values: Any) -> str:
    return blake2b(orjson.dumps(values), digest_size=16).hexdigest()
