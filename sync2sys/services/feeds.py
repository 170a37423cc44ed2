"""Feeds: what an organization exports, in which format and at which address."""

import re
import secrets
from collections.abc import Callable, Collection, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import selectinload

from sync2sys.errors import BadRequest, NotFound
from sync2sys.extensions import db, settings
from sync2sys.formats import FORMATS, custom, remarks
from sync2sys.formats.definitions import BadDefinition
from sync2sys.formats.remarks import Remark
from sync2sys.formats.taxonomy import Taxonomy
from sync2sys.models import Channel, Feed, Organization, Render
from sync2sys.services import fetches, items, jobs, organizations, plans, serving, taxonomies
from sync2sys.services.guard import Thresholds
from sync2sys.services.items import Source

#: The remark on a feed of which a file is not read.
UNREAD = "unread_file"
SLUG = re.compile(r"[a-z0-9](?:-?[a-z0-9])*\Z")
SLUG_LENGTH = (3, 100)
MOST_FEWEST = 1_000_000
#: What may change after a feed was made.
CHANGEABLE = (
    "name",
    "slug",
    "secret_only",
    "format",
    "sources",
    "document",
    "definition",
    "published",
    "guard",
)
#: What another installation can make the same feed of.
EXPORTED = ("name", "format", "document", "definition", "guard")
#: What a secret address looks like. No slug that somebody chooses may: it could be an old secret of
#: somebody else, whose readers still come.
SECRET = re.compile(r"[0-9a-f]{32}\Z")


def create(
    organization: Organization,
    *,
    name: str,
    format: str,
    slug: str | None = None,
    published: bool = False,
    sources: Sequence[str] | None = None,
    document: dict[str, str] | None = None,
    definition: dict[str, Any] | None = None,
    guard: dict[str, Any] | None = None,
) -> Feed:
    """A new feed; without a slug it gets 128 random bits as its address.

    `guard`: some of the thresholds of `guard.Thresholds` by name; the others stay the usual ones. Raises
    LimitReached (FEED_LIMIT) where the plan allows no more, and BadRequest: an unknown format, a source
    that is not the organization's, a slug that is malformed or SLUG_TAKEN, a threshold that is none.
    """
    plans.require_room(organization, plans.FEEDS)
    feed = Feed(
        organization_id=organization.id,
        name=name,
        slug=secrets.token_hex(16) if slug is None else _checked_slug(slug),
        format=_checked_format(format),
        sources=_checked_sources(organization.id, sources),
        document=document or {},
        definition=_checked_definition(format, definition or {}, _taxonomy_for(definition or {})),
        guard=_checked_guard(guard or {}),
        published=published,
    )
    db.session.add(feed)
    _flush(feed)
    _follow_up(feed)
    return feed


def change(feed: Feed, **changes: Any) -> Feed:
    """Change some of what is CHANGEABLE, each of them wholly.

    Raises BadRequest as `create`, and NO_SECRET: `secret_only` without a secret address.

    What is served stays as it was until the feed is rendered anew, which is queued.
    """
    db.session.refresh(feed, with_for_update=True)
    serving.changed(feed)
    checks: dict[str, Callable[[Any], Any]] = {
        "slug": lambda slug: slug if slug == feed.slug else _checked_slug(slug),
        "format": _checked_format,
        "sources": lambda sources: _checked_sources(feed.organization_id, sources),
        "guard": _checked_guard,
    }
    if unknown := set(changes) - set(CHANGEABLE):
        raise ValueError(f"a feed's {unknown} cannot be changed")
    # What was kept stands, whatever became of the taxonomy since.
    taxonomy = _taxonomy_for(changes.get("definition", {}))
    definition = changes.get("definition", feed.definition)
    changes["definition"] = _checked_definition(changes.get("format", feed.format), definition, taxonomy)
    # All checks first: one that asks the database would write what was set before it.
    checked = {name: checks[name](value) if name in checks else value for name, value in changes.items()}
    for name, value in checked.items():
        setattr(feed, name, value)
    if feed.secret_only and feed.secret is None:
        problem = "Make a secret address first."
        raise BadRequest("No address would be left.", code="NO_SECRET", details={"secretOnly": [problem]})
    if "guard" in changes:
        feed.rendered_mark = ""  # The next render is judged anew, whatever the catalogue.
    _flush(feed)
    serving.changed(feed)
    _follow_up(feed)
    return feed


def exported(feed: Feed) -> dict[str, Any]:
    """What makes the feed what it is, as `create` takes it; nothing of its address and its stores."""
    return {name: getattr(feed, name) for name in EXPORTED}


def make_secret(feed: Feed) -> Feed:
    """Give the feed a secret address, in place of the one it may have, which is dead from now on."""
    return _set_secret(feed, secrets.token_hex(16))


def remove_secret(feed: Feed) -> Feed:
    """Take the secret address away. Raises BadRequest (SECRET_ONLY) where it is the only one."""
    return _set_secret(feed, None)


def _set_secret(feed: Feed, secret: str | None) -> Feed:
    db.session.refresh(feed, with_for_update=True)
    if secret is None and feed.secret_only:
        raise BadRequest(
            "The secret address is the feed's only one. Open the other first.", code="SECRET_ONLY"
        )
    serving.changed(feed)
    feed.secret = secret
    serving.changed(feed)
    organizations.note_activity(feed.organization_id)
    return feed


def delete(feed: Feed) -> None:
    """Remove the feed with all that was rendered of it. Whoever is reading it sees a broken connection."""
    serving.changed(feed)
    organizations.note_activity(feed.organization_id)
    db.session.delete(feed)
    db.session.flush()


def visible(organization_ids: Collection[str]) -> Sequence[Feed]:
    """The feeds of these organizations, oldest first."""
    query = select(Feed).where(Feed.organization_id.in_(organization_ids))
    return db.session.scalars(query.order_by(Feed.created_at, Feed.id)).all()


def using(channel: Channel) -> Sequence[Feed]:
    """The feeds that the channel's products go into, oldest first."""
    of_organization = visible([channel.organization_id])
    return [feed for feed in of_organization if feed.sources is None or channel.id in feed.sources]


def owned(organization_ids: Collection[str], feed_id: str) -> Feed:
    """One of them. Raises NotFound, alike for another organization's feed and for none."""
    feed = db.session.get(Feed, feed_id)
    if feed is None or feed.organization_id not in organization_ids:
        raise NotFound("No such feed.")
    return feed


def ask_render(feed: Feed) -> None:
    """Queue a render of the feed, now."""
    jobs.enqueue("render", feed.id)


def history(feed: Feed) -> Sequence[Render]:
    """The feed's renders that are kept, newest first."""
    query = select(Render).filter_by(feed_id=feed.id).where(Render.state != "removed")
    query = query.options(selectinload(Render.shards))
    return db.session.scalars(query.order_by(Render.generation.desc())).all()


def remarks_on(shown: Sequence[Feed]) -> dict[str, list[Remark]]:
    """By feed id, what its owner should know about all of it, as its definition, its stores and its readers
    are now.
    """
    connection = db.session.connection()
    organization_ids = {feed.organization_id for feed in shown}
    stores = {each: items.sources(connection, each, None) for each in organization_ids}
    unread = {feed_id: [_of_files(numbers)] for feed_id, numbers in fetches.unread(shown).items()}
    return {feed.id: _remarks(feed, stores[feed.organization_id]) + unread.get(feed.id, []) for feed in shown}


def _of_files(numbers: Sequence[int]) -> Remark:
    files = f"file{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"
    return Remark(
        UNREAD,
        f"The feed has several files, and nobody was seen reading {files}. Give the channel the address of "
        "each; the feed lists them under shards.",
    )


def _remarks(feed: Feed, stores: Sequence[Source]) -> list[Remark]:
    said = {name: part for name, part in feed.definition.items() if name in remarks.PARTS}
    try:
        made_of = custom.parse(FORMATS[feed.format], said)
    except (KeyError, BadDefinition):
        return []  # Its problem says so.
    own = [store for store in stores if feed.sources is None or store.channel_id in feed.sources]
    return remarks.about(FORMATS[feed.format], made_of, own)


def thresholds(feed: Feed) -> Thresholds:
    """When a new render of the feed is held: what its owner set, and the usual for the rest."""
    return Thresholds(**feed.guard)


def url(feed: Feed, shard: int = 1) -> str:
    """The public address of one of its files, or the secret one where there is no other."""
    secret = secret_url(feed, shard) if feed.secret_only else None
    return secret or _url(feed.slug, shard)


def secret_url(feed: Feed, shard: int = 1) -> str | None:
    """The secret address of one of its files, if there is one. For the feed's owner alone."""
    return _url(feed.secret, shard) if feed.secret else None


def _url(address: str, shard: int) -> str:
    return f"{settings.PUBLIC_URL}/api/public/feeds/{serving.name_of(address, shard)}"


def _checked_slug(slug: str) -> str:
    shortest, longest = SLUG_LENGTH
    if not shortest <= len(slug) <= longest or not SLUG.match(slug):
        problem = f"Use {shortest} to {longest} small letters and digits, with single hyphens between them."
        raise BadRequest("This slug cannot be an address.", details={"slug": [problem]})
    if SECRET.match(slug):
        problem = "32 hexadecimal digits look like a secret address. Leave the slug out to get random ones."
        raise BadRequest("This slug cannot be chosen.", details={"slug": [problem]})
    return slug


def _checked_format(name: str) -> str:
    if name not in FORMATS:
        problem = f"Choose one of {', '.join(FORMATS)}."
        raise BadRequest("There is no such format.", details={"format": [problem]})
    return name


def _taxonomy_for(definition: dict[str, Any]) -> Taxonomy | None:
    return taxonomies.needed_for(db.session.connection(), definition)


def _checked_definition(format: str, definition: dict[str, Any], taxonomy: Taxonomy | None) -> dict[str, Any]:
    """The definition as it is to be kept, if it fits the format and the taxonomy."""
    try:
        return custom.settled(FORMATS[_checked_format(format)], definition, taxonomy)
    except BadDefinition as bad:
        place = f"definition.{bad.path}" if bad.path else "definition"
        raise BadRequest("This definition cannot be used.", details={place: [bad.message]}) from bad


def _checked_sources(organization_id: str, sources: Sequence[str] | None) -> list[str] | None:
    """The ids once each; None for all channels of the organization."""
    if sources is None:
        return None
    wanted = list(dict.fromkeys(sources))
    own = select(Channel.id).where(Channel.organization_id == organization_id, Channel.id.in_(wanted))
    unknown = set(wanted) - set(db.session.scalars(own))
    if unknown or not wanted:
        problem = (
            f"No such channel: {', '.join(sorted(unknown))}." if unknown else "Name at least one channel."
        )
        raise BadRequest("These sources cannot be used.", details={"sources": [problem]})
    return wanted


def _checked_guard(thresholds: dict[str, Any]) -> dict[str, Any]:
    problems = [problem for name, value in thresholds.items() if (problem := _threshold_problem(name, value))]
    if problems:
        raise BadRequest("These thresholds cannot be used.", details={"guard": problems})
    return dict(thresholds)


def _threshold_problem(name: str, value: Any) -> str:
    if name not in Thresholds._fields:
        return f"There is no threshold {name}."
    if name == "out_of_stock":
        return "" if isinstance(value, bool) else "out_of_stock is true or false."
    if isinstance(value, bool) or not isinstance(value, int if name == "fewest" else int | float):
        return f"{name} is a number."
    if name == "fewest":
        return "" if 1 <= value <= MOST_FEWEST else f"fewest is a whole number from 1 to {MOST_FEWEST}."
    return "" if 0 <= value <= 1 else f"{name} is a share from 0 to 1."


def _flush(feed: Feed) -> None:
    try:
        db.session.flush()
    except IntegrityError as error:
        # The slug is the only thing here that somebody else may have at the same moment.
        details = {"slug": ["Choose another one."]}
        raise BadRequest("This slug is taken.", code="SLUG_TAKEN", details=details) from error


def _follow_up(feed: Feed) -> None:
    organizations.note_activity(feed.organization_id)
    if feed.published:
        ask_render(feed)
