"""The job table: one live job for a subject, one holder of a job, none lost."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from sync2sys.database import look, transaction
from sync2sys.errors import LostLease, StoreBusy, StoreRefusedKeys
from sync2sys.extensions import db
from sync2sys.models import Job, Organization
from sync2sys.models.base import now
from sync2sys.services import jobs
from tests.services.scripted import context, fail, jobs_of, pass_time  # noqa: F401 - a fixture

pytestmark = pytest.mark.usefixtures("context")


def enqueue(subject="a", payload=None, due=None, kind="sync"):
    transaction(lambda: jobs.enqueue(kind, subject, payload, due).id)()


def only(kind="sync"):
    (job,) = jobs_of(kind)
    return job


def set_attempts(claim, attempts):
    transaction(lambda: db.session.execute(update(Job).where(Job.id == claim.id).values(attempts=attempts)))()


def test_a_subject_has_never_more_than_one_live_job():
    enqueue("a", {"full": True})
    enqueue("a", {"full": False})
    enqueue("b")
    assert [(job["subject"], job["payload"]) for job in jobs_of("sync")] == [("a", {"full": True}), ("b", {})]


def test_a_queued_job_comes_earlier_if_asked_and_never_later():
    later, sooner = now() + timedelta(hours=2), now() + timedelta(hours=1)
    enqueue(due=later)
    enqueue(due=sooner)
    assert only()["due_at"] == sooner
    enqueue(due=later)
    assert only()["due_at"] == sooner


def test_a_job_is_not_claimed_before_it_is_due_nor_by_another_lane():
    enqueue(due=now() + timedelta(hours=1))
    assert jobs.claim(["sync"]) is None
    pass_time(3600)
    assert jobs.claim(["render"]) is None
    assert jobs.claim(["sync"]).subject == "a"


def test_the_job_that_waited_longest_comes_first():
    for minutes, subject in ((1, "b"), (3, "a"), (2, "c")):
        enqueue(subject, due=now() - timedelta(minutes=minutes))
    assert [jobs.claim(["sync"]).subject for _ in range(3)] == ["a", "c", "b"]


def test_a_held_job_is_nobody_elses():
    enqueue()
    assert jobs.claim(["sync"]) is not None
    assert jobs.claim(["sync"]) is None


def test_a_running_job_asked_for_again_is_queued_once_more_with_what_was_asked_then():
    enqueue(payload={"full": False})
    claim = jobs.claim(["sync"])
    enqueue(payload={"full": True})
    enqueue(payload={"full": False})
    transaction(jobs.finish)(claim)
    job = only()
    assert (job["state"], job["payload"], job["attempts"]) == ("queued", {"full": True}, 0)
    assert jobs.claim(["sync"]).payload == {"full": True}


def test_a_running_job_asked_for_later_is_due_then():
    enqueue()
    claim = jobs.claim(["sync"])
    due = now() + timedelta(minutes=10)
    enqueue(due=due)
    transaction(jobs.finish)(claim)
    assert only()["due_at"] == due


def test_a_finished_job_makes_room_for_the_next_one():
    enqueue()
    transaction(jobs.finish)(jobs.claim(["sync"]))
    assert only()["state"] == "done"
    enqueue()
    assert [job["state"] for job in jobs_of("sync")] == ["done", "queued"]


def test_what_took_longer_than_the_lease_in_one_transaction_is_not_begun_anew():
    """Heartbeats wait behind a long transaction; when it is over, the job is still its holder's."""
    transaction(lambda: jobs.enqueue("sync", "a"))()
    claim = jobs.claim(["sync"])
    pass_time(jobs.LEASE.total_seconds() + 1)
    transaction(jobs.check)(claim)
    assert jobs.claim(["sync"]) is None
    transaction(jobs.finish)(claim)
    assert [job["state"] for job in jobs_of("sync")] == ["done"]


def test_when_the_lease_runs_out_another_takes_the_job_and_the_first_holder_can_do_nothing():
    enqueue()
    first = jobs.claim(["sync"])
    pass_time(61)
    second = jobs.claim(["sync"])
    assert second.id == first.id
    assert second.token != first.token
    for verb in (jobs.heartbeat, jobs.progress, jobs.check, jobs.finish, jobs.release):
        with pytest.raises(LostLease):
            transaction(verb)(first)
    with pytest.raises(LostLease):
        fail(first, StoreBusy("busy"))
    transaction(jobs.finish)(second)


def test_heartbeats_keep_a_job():
    enqueue()
    claim = jobs.claim(["sync"])
    for _ in range(3):
        pass_time(50)
        transaction(jobs.heartbeat)(claim)
    assert jobs.claim(["sync"]) is None


def test_what_a_former_holder_would_publish_is_not_published():
    enqueue()
    first = jobs.claim(["sync"])
    pass_time(61)
    jobs.claim(["sync"])

    def publish():
        db.session.add(Organization(name="published", plan="starter"))
        jobs.check(first)

    with pytest.raises(LostLease):
        transaction(publish)()
    assert look(lambda: db.session.scalar(select(func.count(Organization.id))))() == 0


def test_a_failed_attempt_is_tried_again_within_the_doubling_bound():
    for attempts in range(1, 8):
        enqueue()
        claim = jobs.claim(["sync"])
        set_attempts(claim, attempts)
        before = now()
        fail(claim, StoreBusy("The shop is busy."))
        job = only()
        assert job["state"] == "queued"
        assert job["problem"] == "The shop is busy."
        wait = (job["due_at"] - before).total_seconds()
        assert -0.1 <= wait <= min(900, 2 * 2 ** (attempts - 1)) + 1
        pass_time(1000)


def test_the_wait_is_spread_over_the_whole_bound():
    waits = [jobs._wait_after(5, None) for _ in range(200)]
    assert min(waits) < 8
    assert max(waits) > 24


def test_retry_after_is_honoured_up_to_an_hour():
    for asked, expected in ((1800.0, 1800), (7200.0, 3600)):
        enqueue()
        claim = jobs.claim(["sync"])
        before = now()
        fail(claim, StoreBusy("busy", retry_after=asked))
        assert expected - 1 <= (only()["due_at"] - before).total_seconds() <= expected + 1
        pass_time(7200)


def test_what_waiting_cannot_help_fails_at_once():
    enqueue()
    fail(jobs.claim(["sync"]), StoreRefusedKeys("The shop refuses the keys."))
    job = only()
    assert (job["state"], job["problem"], job["live_key"]) == ("failed", "The shop refuses the keys.", None)


def test_the_eighth_failed_attempt_is_the_last():
    enqueue()
    for _ in range(8):
        pass_time(1000)
        fail(jobs.claim(["sync"]), StoreBusy("busy"))
    assert only()["state"] == "failed"


def test_the_text_of_an_unexpected_error_is_not_shown():
    enqueue()
    fail(jobs.claim(["sync"]), ValueError("secret"))
    assert only()["problem"] == "Unexpected: ValueError."


def test_a_job_given_back_is_free_at_once_and_has_lost_no_attempt():
    enqueue()
    claim = jobs.claim(["sync"])
    transaction(jobs.release)(claim)
    assert jobs.claim(["sync"]).attempts == claim.attempts


def test_progress_makes_attempts_count_anew():
    enqueue()
    claim = jobs.claim(["sync"])
    set_attempts(claim, 8)
    transaction(jobs.progress)(claim)
    fail(claim, StoreBusy("busy"))
    assert only()["state"] == "queued"


def test_a_job_that_takes_every_worker_down_with_it_is_given_up():
    enqueue()
    for _ in range(8):
        assert jobs.claim(["sync"]) is not None
        pass_time(61)
    assert jobs.claim(["sync"]) is None
    job = only()
    assert (job["state"], job["problem"]) == ("failed", "The worker stopped 8 times in the middle of it.")


def test_ended_jobs_are_forgotten_after_a_week():
    enqueue("a")
    transaction(jobs.finish)(jobs.claim(["sync"]))
    enqueue("b")
    assert transaction(jobs.sweep)() == 0
    pass_time(8 * 86400)
    assert transaction(jobs.sweep)() == 1
    assert only()["subject"] == "b"


def in_threads(app, count, work):
    """Run the work at once in threads of the application; returns what they returned."""
    results, errors = [], []
    ready = threading.Barrier(count)

    def run():
        try:
            with app.app_context():
                ready.wait()
                results.append(work())
        except Exception as error:  # noqa: BLE001 - handed to the test
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    return results


def test_many_workers_never_get_the_same_job(app):
    for number in range(40):
        enqueue(str(number))

    def work():
        mine = []
        while (claim := jobs.claim(["sync"])) is not None:
            mine.append(claim.subject)
            transaction(jobs.finish)(claim)
        return mine

    taken = [subject for mine in in_threads(app, 6, work) for subject in mine]
    assert sorted(taken, key=int) == [str(number) for number in range(40)]


def test_asked_for_by_many_at_once_it_is_one_job(app):
    in_threads(app, 8, lambda: enqueue("same"))
    assert only()["subject"] == "same"
