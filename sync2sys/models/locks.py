"""What only one may do at a time, over all processes and machines."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from sync2sys.extensions import TABLE, Base
from sync2sys.models.base import Moment


class Lock(Base):
    """Somebody is at it, until then at most."""

    __tablename__ = "lock_row"
    __table_args__ = (TABLE,)

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    holder: Mapped[str] = mapped_column(String(32))
    until: Mapped[datetime] = mapped_column(Moment)
