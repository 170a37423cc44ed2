"""Who fetched which feed."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from sync2sys.extensions import Base
from sync2sys.models.base import Moment
from sync2sys.models.catalog import BigId


class Fetch(Base):
    """An answer that a reader of a feed was sent. Only the last ones of each feed are kept."""

    __tablename__ = "fetch"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    feed_id: Mapped[str] = mapped_column(ForeignKey("feed.id", ondelete="CASCADE"), index=True)
    #: which of the feed's files
    shard: Mapped[int]
    at: Mapped[datetime] = mapped_column(Moment)
    #: the software, as it calls itself, and its short name where it is known
    agent: Mapped[str] = mapped_column(String(200))
    bot: Mapped[str] = mapped_column(String(40))
    #: 200 or 304
    status: Mapped[int]
    #: of the body
    bytes: Mapped[int] = mapped_column(BigInteger)
    gzip: Mapped[bool]
