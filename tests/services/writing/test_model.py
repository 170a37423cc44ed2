"""Whatever suppliers, people in the shop, its owner and bad luck do: what the shop gets was decided, once."""

import json
from collections import Counter
from contextlib import contextmanager, suppress
from datetime import timedelta
from decimal import Decimal
from itertools import count
from unittest.mock import patch

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from sqlalchemy import select

from sync2sys.connectors.woocommerce import WooCommerce
from sync2sys.database import look
from sync2sys.extensions import db
from sync2sys.models import Decision, Standing, WriteLine, WriteRun, Writing
from sync2sys.services import write_batches
from tests.conftest import ON_MARIADB
from tests.services.scripted import Killed
from tests.services.writing.merchants import NO_CEILING, Merchant, age_standings, emptied

FLOOR, MARGIN, RATE = Decimal(6), Decimal(10), Decimal(19)
POLICY = {
    "choose": "cheapest",
    "stock": {"safety": 2},
    "rules": [{"markup": "5", "round": {"ending": "0.99", "way": "down"}, "margin": "10", "floor": "6"}],
}
#: The shop's ids of what the supplier calls so.
VARIANTS = {"A-1": "11", "A-2": "12", "A-3": "21", "A-4": "22"}
FIELDS = {"price": "regular_price", "quantity": "stock_quantity"}
EMAILS = (f"owner{number}@shop.example" for number in count())

OFFERED = st.tuples(st.integers(3, 30), st.integers(0, 9))
LISTS = st.fixed_dictionaries({"A-1": OFFERED, "A-3": OFFERED}, optional={"A-2": OFFERED, "A-4": OFFERED})
#: Runs that send, or did.
OUT = ("running", "done", "stopped", "failed", "undone")
FATES = st.sampled_from(
    ["fine", "fine", "fine", "lost", "dropped", "busy", "down", "killed before", "killed after"]
)
PEOPLE = st.lists(
    st.tuples(
        st.sampled_from(["set_price", "set_price", "sell", "put_on_sale"]),
        st.sampled_from(["11", "12", "21"]),
    ),
    max_size=3,
)
ANSWERS = st.sampled_from(["go_on", "sync", "accept", "refuse", "release", "drop", "stop", "undo"])
FAULTS = {
    "lost": ("afterwards", {"times": 1, "code": 504}),
    "dropped": ("dropped", {"times": 1}),
    "busy": ("too_many_requests", {"times": 2}),
    "down": ("maintenance", {}),
}


def key_of(line):
    return line.external_id, line.field


class Sent:
    """One value that reached the shop: what it had before, was told, and had after."""

    def __init__(self, key, before, told, after):
        self.key, self.before, self.told, self.after = key, before, told, after

    @property
    def what(self):
        return *self.key, self.before, self.told

    def __repr__(self):
        return f"{self.key}: {self.before} -> {self.told} ({self.after})"


def watched(shop, proceed, request, seen):
    """A kind of fault that spoils nothing, and notes what a batch does."""
    told = json.loads(request.body or b"{}").get("update", ())
    before = {item["id"]: dict(shop.records[item["id"]]) for item in told}
    answer = proceed(request)
    for item in told:
        for field, name in FIELDS.items():
            if name in item:
                had, has = before[item["id"]][name], shop.records[item["id"]][name]
                values = (Decimal(value) for value in (had, item[name], has))
                seen.append(Sent((str(item["id"]), field), *values))
    return answer


class WritingModel(RuleBasedStateMachine):
    app = opened = None

    def __init__(self):
        super().__init__()
        shop, records = self.opened
        self.shop, self.seen = emptied(shop, records), []
        shop._kinds = shop._kinds | {"watched": watched}
        shop.fault("watched", path="/batch", method="POST", seen=self.seen)
        self.merchant = Merchant(self.app, shop, next(EMAILS))
        self.prices = (f"{number}.37" for number in count(40))
        #: what each article cost in the lists so far
        self.costs = {sku: set() for sku in VARIANTS}
        #: {(variant, field): what a person made it}
        self.human = {}
        #: runs that were let go by hand, or by an earlier ceiling
        self.released, self.known = set(), set()
        self.read = 0
        self.policy, self.ceiling = {"price": "shop", "quantity": "supplier"}, NO_CEILING
        self.merchant.price_by(policy=POLICY)
        self._deliver(dict.fromkeys(VARIANTS, (10, 5)), "fine")
        self._turn("fine")
        assert self.merchant.has() == dict.fromkeys(VARIANTS.values(), ("13.99", 3))

    @rule(people=PEOPLE, given=LISTS, fate=FATES, answer=ANSWERS, then=FATES)
    def day(self, people, given, fate, answer, then):
        """People change things in the shop, a list comes, and the owner looks at what came of it."""
        for act, variant in people:
            getattr(self, act)(variant)
        self._deliver(given, fate)
        getattr(self, answer)(then)

    @rule(
        price=st.sampled_from(["shop", "ask", "supplier"]),
        quantity=st.sampled_from(["shop", "supplier"]),
        ceiling=st.sampled_from([{}, {"values": 2}, {"share": 0.5}, {"priceChange": 30}]),
        fate=FATES,
    )
    def turn_on(self, price, quantity, ceiling, fate):
        self.policy, self.ceiling = {"price": price, "quantity": quantity}, NO_CEILING | ceiling
        self._turn(fate)

    def _turn(self, fate):
        with self._watching(fate):
            self.merchant.turn("on", **self.policy, ceiling=self.ceiling)

    def _deliver(self, given, fate):
        for sku, (cost, _) in given.items():
            self.costs[sku].add(Decimal(cost))
        rows = [f"{sku};;{cost},00;{pieces}" for sku, (cost, pieces) in given.items()]
        with self._watching(fate):
            self.merchant.deliver(*rows)

    # People in the shop

    def set_price(self, variant):
        price = next(self.prices)
        self.shop.edit(int(variant), regular_price=price)
        self.human[variant, "price"] = Decimal(price)

    def sell(self, variant):
        left = self.shop.records[int(variant)]["stock_quantity"]
        if left > 0:
            self.shop.sell(int(variant), 1)
            self.human[variant, "quantity"] = Decimal(left - 1)

    def put_on_sale(self, variant):
        """No price goes below that of a sale."""
        self.shop.edit(int(variant), sale_price="12.50")

    # The owner

    def go_on(self, fate):
        self._work(fate)

    def sync(self, fate):
        with self._watching(fate):
            self.merchant.sync()

    def accept(self, fate):
        asked = self._lines("asked") or self._left_alone()
        if asked and self._may_send():
            if self.human.get(key_of(asked[0])) == asked[0].found:
                del self.human[key_of(asked[0])]
            self._say(f"/lines/{asked[0].id}/accept", fate)

    def _left_alone(self):
        """What is kept, and still is the last that is known of its value."""
        last = {known.line_id for known in self._rows(Standing)}
        standing = {run.id for run in self._runs() if run.state != "undone"}
        return [line for line in self._lines("kept") if line.id in last and line.run_id in standing]

    def refuse(self, fate):
        asked = self._lines("asked")
        if asked:
            self._say(f"/lines/{asked[0].id}/refuse", fate)

    def release(self, fate):
        held = self._runs("held")
        if held and self._may_send():
            self.released.add(held[0].id)
            self._say(f"/runs/{held[0].id}/release", fate)

    def drop(self, fate):
        held = self._runs("held")
        if held:
            self._say(f"/runs/{held[0].id}/drop", fate)

    def stop(self, fate):
        running = self._runs("running")
        if running:
            self._say(f"/runs/{running[0].id}/stop", fate)

    def _say(self, path, fate):
        self.merchant.writing(path, "POST")
        self._work(fate)

    def undo(self, fate):
        """The last run that wrote something is taken back, and nothing but that, whatever is on the way."""
        self._settle()
        written = self._lines("written")
        runs = self._runs("done", "stopped", "failed")
        wrote = [run for run in runs if run.kind == "normal" and run.id in {line.run_id for line in written}]
        if not wrote:
            return
        last = max(wrote, key=lambda run: run.finished_at)
        had, expected = self._books(), self._books()
        for line in written:
            if line.run_id == last.id and had[key_of(line)] == line.after:
                expected[key_of(line)] = line.before
        self.merchant.writing("/undo", "POST")
        sales = self._end_sales()
        self._work(fate)
        self._settle()
        assert self._books() == expected
        for number, price in sales.items():
            self.shop.edit(number, sale_price=price)

    def _end_sales(self):
        sales = {number: self.shop.records[number]["sale_price"] for number in (11, 12, 21)}
        for number in sales:
            self.shop.edit(number, sale_price="")
        return sales

    # The worker

    def _work(self, fate):
        with self._watching(fate):
            self.merchant.hasten()
            self.merchant.work()

    def _settle(self):
        """Work on until no run is under way and nothing unknown."""
        for _ in range(8):
            self._work("fine")
            if not self._runs("running"):
                return
        raise AssertionError("a run never ends")

    @contextmanager
    def _watching(self, fate):
        """Meet this fate meanwhile, and see that all that reached the shop was right."""
        decided = self._decided()
        with suppress(Killed), self._meeting(fate):
            yield
        self.merchant.hasten()
        self._check(decided)

    @contextmanager
    def _meeting(self, fate):
        def die(*args, **kwargs):
            raise Killed

        if fate in FAULTS:
            kind, options = FAULTS[fate]
            has_items = {"path": "/batch", "when": lambda request: b"id" in request.body}
            fault = self.shop.fault(kind, **has_items, **options)
            yield
            fault.stop()
        elif fate == "killed before":
            with patch.object(WooCommerce, "write", die):
                yield
        elif fate == "killed after":
            with patch.object(write_batches, "_note", die):
                yield
        else:
            yield

    # What must have come of it

    def _rows(self, table, *order):
        query = select(table.__table__).where(table.channel_id == self.merchant.channel)
        with self.app.app_context():
            return look(lambda: db.session.execute(query.order_by(*order)).all())()

    def _runs(self, *states):
        """Newest first, of these states or of all."""
        found = self._rows(WriteRun, WriteRun.planned_at.desc())
        return [run for run in found if run.state in (states or (run.state,))]

    def _lines(self, *states):
        return [
            line for line in self._rows(WriteLine, WriteLine.id) if line.state in (states or (line.state,))
        ]

    def _decided(self):
        found = self._rows(Decision)
        values = {(row.external_id, field): getattr(row, field) for row in found for field in FIELDS}
        return {key: Decimal(value) for key, value in values.items() if value is not None}

    def _may_send(self):
        (writing,) = self._rows(Writing)
        return writing.state == "on" and not writing.stopped

    def _books(self):
        return {
            (variant, field): Decimal(self.shop.records[int(variant)][name])
            for variant in VARIANTS.values()
            for field, name in FIELDS.items()
        }

    def _check(self, decided_before):
        fresh, self.read = self.seen[self.read :], len(self.seen)
        decided, lines, runs = self._decided(), self._lines(), self._runs()
        self._check_ceilings(fresh, lines, runs)
        for sent in fresh:
            assert sent.before != sent.told, f"sent again: {sent}"
            if sent.after == sent.told:
                self._check_reason(sent, lines, runs, decided_before, decided)
                self._check_human(sent)
        self._check_log(lines)

    def _check_reason(self, sent, lines, runs, before, after):
        """It is decided, and never below the floor and the margin; or taken back."""
        if sent.told in (before.get(sent.key), after.get(sent.key)):
            if sent.key[1] == "price":
                (sku,) = [sku for sku, variant in VARIANTS.items() if variant == sent.key[0]]
                least = min(self.costs[sku]) * (100 + RATE) / (100 - MARGIN)
                assert sent.told >= max(FLOOR, least), sent
            return
        undoing = {run.id for run in runs if run.kind == "undo"}
        undone = [(line.before, line.after) for line in lines if line.run_id in undoing]
        assert (sent.before, sent.told) in undone, f"nobody decided that: {sent}"

    def _check_human(self, sent):
        """What a person made it stays where the shop wins, or until its owner said that it may go."""
        made = self.human.pop(sent.key, None)
        if self.policy[sent.key[1]] in ("shop", "ask"):
            assert made != sent.before, f"overwritten: {sent}"

    def _check_log(self, lines):
        """For each value that reached the shop there is a line with before and after, and no line without."""
        arrived = [sent for sent in self.seen if sent.after == sent.told]
        reached = Counter(sent.what for sent in arrived)
        logged = Counter((*key_of(line), line.before, line.after) for line in lines if line.sent_at)
        # What was on its way and is there may be somebody else's, who came to the same.
        sure = [line for line in lines if line.state == "written" and line.code != "arrived"]
        written = Counter((*key_of(line), line.before, line.after) for line in sure)
        assert not written - reached, f"written, as the log says: {written - reached}"
        assert not reached - logged, f"not in the log: {reached - logged}"

    def _check_ceilings(self, fresh, lines, runs):
        """What goes out and was not released is no more than its owner lets pass."""
        out = [run for run in runs if run.kind == "normal" and run.state in OUT]
        ids = {run.id for run in out} - self.released - self.known
        values, share, change = (self.ceiling[name] for name in ("values", "share", "priceChange"))
        for run in out:
            if run.id in ids:
                assert values is None or run.total <= values, run
                assert share is None or run.variants <= share * len(VARIANTS), run
        prices = [
            sent for sent in fresh if sent.key[1] == "price" and self.human.get(sent.key) != sent.before
        ]
        for sent in prices if change is not None else ():
            by = {line.run_id for line in lines if (*key_of(line), line.before, line.after) == sent.what}
            if by <= ids:
                assert abs(sent.told - sent.before) * 100 <= change * sent.before, sent
        self.known |= {run.id for run in out}

    def teardown(self):
        """Once all is well and suppliers win, the shop has what is decided."""
        self._end_sales()
        self.policy, self.ceiling = {"price": "supplier", "quantity": "supplier"}, NO_CEILING
        age_standings(self.merchant, timedelta(days=2))
        self._turn("fine")
        self._settle()
        with self._watching("fine"):
            self.merchant.sync()
        assert self._books() | self._decided() == self._books()


def test_what_reaches_a_shop_follows_the_model(app, opened):
    WritingModel.app, WritingModel.opened = app, opened
    run_state_machine_as_test(
        WritingModel,
        settings=settings(
            max_examples=3 if ON_MARIADB else 6,
            stateful_step_count=8,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
