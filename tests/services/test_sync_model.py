"""Whatever a shop, its owner and bad luck do: the mirror is what a complete pull saw, or unchanged."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select

from sync2sys.database import look, transaction
from sync2sys.errors import StoreBusy, StoreRefusedKeys
from sync2sys.extensions import db
from sync2sys.models import Job, Pull
from sync2sys.services import holds, jobs, sync
from tests.services.scripted import (  # noqa: F401 - fixtures among them
    LONG_AGO,
    Killed,
    ScriptedShop,
    connect,
    context,
    fail,
    jobs_of,
    mirrored,
    pass_time,
    pulls_of,
    shops,
    staged,
)

NUMBERS = st.integers(1, 30)
FATES = st.lists(st.tuples(st.sampled_from(["busy", "killed", "stopped"]), st.integers(0, 6)), max_size=3)


def shown(snapshot):
    products, variants = snapshot
    return {
        product_id: (product.title, {v.external_id: v.price for v in variants[product_id]})
        for product_id, product in products.items()
    }


class Mirroring(RuleBasedStateMachine):
    connect = None

    def __init__(self):
        super().__init__()
        self.shop = ScriptedShop(page_size=5)
        self.channel = self.connect(self.shop)
        self.mirror = {}
        self.held = None
        self.titles = 0

    # The owner

    @rule(number=NUMBERS, variants=st.integers(0, 3), silently=st.booleans())
    def put(self, number, variants, silently):
        """Silently: as importers do that write to the shop's database, and no date moves."""
        self.titles += 1
        self.shop.put(number, variants, title=f"Title {self.titles}", at=LONG_AGO if silently else None)

    @rule(first=NUMBERS, count=st.integers(1, 30))
    def put_many(self, first, count):
        for number in range(first, first + count):
            self.put(number, 1, False)

    @rule(number=NUMBERS)
    def remove(self, number):
        if str(number) in self.shop.products:
            self.shop.remove(number)

    @rule(data=st.data())
    def remove_many(self, data):
        self.shop.remove(*data.draw(st.sets(st.sampled_from(sorted(self.shop.products) or ["1"]))) - {"1"})

    @rule(number=NUMBERS)
    def drop_variant(self, number):
        if len(self.shop.variants.get(str(number), ())) > 1:
            self.shop.drop_variant(number)

    @rule(minutes=st.sampled_from([1, 30, 61]))
    def wait(self, minutes):
        pass_time(minutes * 60)
        if self.held is not None:
            self.held["minutes"] += minutes

    @rule()
    def release(self):
        if self.held is None or self.held["released"]:
            return

        def work():
            holds.release(db.session.scalar(select(Pull).filter_by(channel_id=self.channel, state="held")))

        transaction(work)()
        self.held["released"] = True
        self._work([])

    # The service

    @rule(full=st.booleans(), fates=FATES, meanwhile=st.lists(NUMBERS, max_size=3))
    def sync(self, full, fates, meanwhile):
        transaction(lambda: jobs.enqueue("sync", self.channel, {"full": full}).id)()
        asked = len(self.shop.pulls)
        self._work(fates, meanwhile)
        assert not full or (None in {since for since, _ in self.shop.pulls[asked:]})

    @rule(page=st.integers(0, 3), full=st.booleans())
    def refused(self, page, full):
        """It ends for good, wherever it was."""
        transaction(lambda: jobs.enqueue("sync", self.channel, {"full": full}).id)()
        self._break_off("refused", page)

    def _work(self, fates, meanwhile=()):
        """Work on the queued sync through its fates to the end."""
        for fate, page in fates:
            self._break_off(fate, page)
            for number in meanwhile:
                self.put(number, 2, False)
            meanwhile = ()
            if jobs_of("sync")[-1]["state"] == "done":
                return
        self._break_off("none", None)
        assert jobs_of("sync")[-1]["state"] == "done"

    def _break_off(self, fate, page):
        """One attempt with this fate; if that never comes true, it succeeds."""
        claim = jobs.claim(["sync"], self.channel)
        self.shop.fail_at = page if fate in ("busy", "refused") else None
        self.shop.error = (
            StoreRefusedKeys("refused")
            if fate == "refused"
            else StoreBusy("busy")
            if fate == "busy"
            else None
        )

        def meet(number):
            if number == page and fate == "killed":
                raise Killed
            if number == page and fate == "stopped":
                claim.stop.set()

        self.shop.during = meet
        try:
            sync.run(claim)
        except Killed:
            db.session.rollback()
        except jobs.Interrupted:
            transaction(jobs.release)(claim)
        except (StoreBusy, StoreRefusedKeys) as error:
            fail(claim, error)
        else:
            transaction(jobs.finish)(claim)
            self._expect()
        self.shop.fail_at = self.shop.error = self.shop.during = None
        pass_time(61)
        if self.held is not None:
            self.held["minutes"] += 61 / 60

    # What must have come of it

    def _expect(self):
        since, _ = self.shop.pulls[-1]
        found, snapshot = shown(self.shop.snapshots[-1]), self.shop.snapshots[-1]
        if since is not None:
            seen = {i for i, product in snapshot[0].items() if product.modified_at > since}
            self.mirror = self.mirror | {i: found[i] for i in seen}
        elif self._is_too_much(found) and not self._is_borne_out(found):
            self._hold(found)
        else:
            self.mirror, self.held = found, None

    def _is_too_much(self, found):
        missing = self.mirror.keys() - found.keys()
        variants = sum(len(variants) for _, variants in self.mirror.values())
        return (
            (self.mirror and missing == self.mirror.keys())
            or (len(missing) >= 20 and len(missing) * 2 > len(self.mirror))
            or (variants and not any(variants for _, variants in found.values()))
        )

    def _is_borne_out(self, found):
        if self.held is None:
            return False
        if self.held["released"]:
            return len(found) >= len(self.held["found"])
        return self.held["minutes"] >= 60 and self._ids(found) == self.held["ids"]

    def _hold(self, found):
        if self.held is None or self._ids(found) != self.held["ids"]:
            self.held = {"ids": self._ids(found), "found": found, "minutes": 0, "released": False}

    def _ids(self, found):
        return {(i, *variants) for i, (_, variants) in found.items()}

    @invariant()
    def the_mirror_is_what_was_last_seen_whole(self):
        assert mirrored(self.channel) == self.mirror

    @invariant()
    def nothing_is_left_behind(self):
        running = [pull for pull in pulls_of(self.channel) if pull["state"] == "running"]
        assert len(running) <= 1
        assert running or staged() == 0
        live = select(func.count()).where(Job.subject == self.channel, Job.live_key.is_not(None))
        assert look(lambda: db.session.scalar(live))() <= 1


def test_the_mirror_follows_the_model(connect):  # noqa: F811
    Mirroring.connect = staticmethod(connect)
    run_state_machine_as_test(
        Mirroring,
        settings=settings(
            max_examples=25 if db.engine.dialect.name == "sqlite" else 8,
            stateful_step_count=15,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
