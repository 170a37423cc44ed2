"""The product taxonomy that the operator loaded."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from sync2sys.extensions import Base
from sync2sys.models.base import LongText, Moment, new_id, now


class TaxonomyFile(Base):
    """One loaded file of Google's. The latest row counts; loading removes those before it."""

    __tablename__ = "taxonomy_file"

    #: new with every load, so that a process knows whether what it parsed is still the latest
    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    #: as the file itself says
    version: Mapped[str] = mapped_column(String(40))
    #: how many it has
    categories: Mapped[int]
    text: Mapped[str] = mapped_column(LongText)
    loaded_at: Mapped[datetime] = mapped_column(Moment, default=now)
