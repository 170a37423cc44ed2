"""Whether and how a channel's decisions are written to its shop, as its owner says."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, update

from sync2sys.connectors import platforms
from sync2sys.connectors.base import Connector
from sync2sys.connectors.writing import PRICE, QUANTITY, STALE
from sync2sys.errors import BadRequest, NotFound, ReadOnlyKey
from sync2sys.extensions import db
from sync2sys.models import Channel, Pricing, Standing, WriteLine, WriteRun, Writing
from sync2sys.models.base import now
from sync2sys.models.writing import OFF, ON, POLICIES, SUPPLIER
from sync2sys.services import connections, jobs, organizations, stores

KIND = "writing"
FIELDS = PRICE, QUANTITY
#: Who asked, where nobody did.
DECISIONS, SCHEDULE = AUTOMATIC = "decisions", "schedule"

NO_POLICY = (
    "Say who wins where somebody changed a value in the shop: shop (it stays), supplier (it is overwritten) "
    "or ask (you are asked)."
)
POLICY_CHANGED = "Suppliers win from now on, so nobody is asked."
NO_RIGHTS = "The keys of this shop may not write. They lack: {lacking}. {to_do}"


@dataclass(frozen=True, slots=True)
class Ceiling:
    """What one run may change without being held. None: no limit."""

    #: of the channel's variants, 0 to 1
    share: float | None = 0.5
    values: int | None = 1000
    #: of one price, in per cent of what it was
    price_change: float | None = 50.0


def find(channel: Channel) -> Writing:
    """How the channel is written to. Raises NotFound where its owner never said."""
    found = db.session.get(Writing, channel.id)
    if found is None:
        raise NotFound("Nothing is written to this shop. PUT says whether and how it is to be.")
    return found


def set_up(
    channel: Channel,
    *,
    state: str,
    policy: Mapping[str, str] | None = None,
    ceiling: Mapping[str, Any] | None = None,
    count_stock: bool = False,
    location: str = "",
    by: str = SCHEDULE,
) -> Writing:
    """Say whether and how the channel is written to, wholly; a stop ends by that. What differs is planned.

    Without a policy that of before stays. Raises BadRequest where there is none, or nothing is decided.
    """
    found = db.session.get(Writing, channel.id, with_for_update=True) or Writing(channel_id=channel.id)
    chosen = dict(policy) if policy is not None else dict(found.policy or {})
    if state == ON and any(chosen.get(field) not in POLICIES for field in FIELDS):
        raise BadRequest("This cannot be used.", details={"policy": [NO_POLICY]})
    if state != OFF:
        _require_platform(channel)
    if state != OFF and db.session.get(Pricing, channel.id) is None:
        raise BadRequest("Prices of this channel are not decided by suppliers. Say first how they are to be.")
    if state == ON:
        require_shop(channel)
    _let_suppliers_win(channel.id, found.policy or {}, chosen)
    found.state, found.policy = state, chosen
    found.ceiling = asdict(Ceiling(**ceiling or {}))
    found.count_stock, found.location = count_stock, location
    found.stopped, found.problem, found.problem_code = False, "", ""
    db.session.add(found)
    db.session.flush()
    organizations.note_activity(channel.organization_id)
    ask(channel.id, by)
    return found


def _let_suppliers_win(channel_id: str, before: Mapping[str, str], after: Mapping[str, str]) -> None:
    """Where they do from now on, nothing is kept or asked for any more."""
    for field in FIELDS:
        if after.get(field) == SUPPLIER != before.get(field):
            known = update(Standing).filter_by(channel_id=channel_id, field=field)
            settled = known.where(Standing.state.in_(("kept", "asked"))).values(state="")
            db.session.execute(settled.execution_options(synchronize_session=False))
            asked = update(WriteLine).filter_by(channel_id=channel_id, field=field, state="asked")
            told = {"state": STALE, "code": "policy_changed", "message": POLICY_CHANGED, "settled_at": now()}
            db.session.execute(asked.values(told).execution_options(synchronize_session=False))


def is_wanted(channel_id: str) -> bool:
    """Whether the channel is written to, or its owner tries how it would be."""
    found = db.session.get(Writing, channel_id)
    return found is not None and found.state != OFF


def ask(channel_id: str, by: str = DECISIONS) -> None:
    """Queue a comparison of decisions and shop, and the writing of what differs, if its owner wants that."""
    found = db.session.get(Writing, channel_id)
    if found is not None and found.state != OFF:
        jobs.enqueue(KIND, channel_id, {"by": by})


def go_on(channel_id: str) -> None:
    """Queue work on a run that is there already, whatever the state."""
    jobs.enqueue(KIND, channel_id)


def is_due(before: Any) -> ColumnElement[bool]:
    """SQL, on Writing and Channel: not compared since then, or a run waits to go on, and nobody is at it."""
    waits = select(WriteRun.id).where(WriteRun.channel_id == Writing.channel_id, WriteRun.state == "running")
    is_old = or_(Writing.planned_at.is_(None), Writing.planned_at <= before)
    return and_(
        or_(and_(Writing.state == ON, ~Writing.stopped, is_old), waits.exists()),
        Channel.state == "connected",
        ~jobs.recent(KIND, Writing.channel_id, before),
    )


def require_shop(channel: Channel) -> None:
    """Raise BadRequest where there is no connected shop behind the channel."""
    stores.require_connected(channel)
    _require_platform(channel)


def _require_platform(channel: Channel) -> None:
    if channel.platform not in platforms.PLATFORMS:
        raise BadRequest(platforms.NO_SHOP)


def open_shop(channel_id: str, platform: str, capabilities: dict[str, Any], location: str) -> Connector:
    """The channel's connector, for the place whose stock is written. Raises StoreRefusedKeys."""
    chosen = {"location": location} if location else {}
    return connections.open_channel(channel_id, platform, capabilities | chosen)


def require_rights(platform: str, connector: Connector) -> None:
    """Raise ReadOnlyKey where the keys may not write, and another StoreError where the shop does not say."""
    lacking = connector.may_write()
    if lacking:
        to_do = platforms.PLATFORMS[platform].to_write
        raise ReadOnlyKey(NO_RIGHTS.format(lacking=", ".join(lacking), to_do=to_do))
