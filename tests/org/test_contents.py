"""The store that all protocols of a back end share.

Falls if: a mailbox is born without its marker, a change gets lost or is told to the wrong folder, or mail
reaches a mailbox that lives elsewhere.
"""

import pytest

from exsim.org import contents
from tests.org.farm import START, mailbox


@pytest.fixture
def store():
    return contents.Contents([mailbox(1, "EXCH13"), mailbox(2, "EXCH13")])


@pytest.fixture
def box(store):
    return store.box(mailbox(1, "EXCH13"))


def test_a_mailbox_is_born_with_items_that_bear_its_marker(box):
    subjects = {item.subject for item in box.items_in("inbox")}
    assert subjects == {"exsim-marker:user01@lab.example"}
    assert len(box.items_in("inbox")) == contents.ROWS == box.unread_in("inbox")


def test_two_mailboxes_share_nothing(store):
    one, two = (store.box(mailbox(number, "EXCH13")) for number in (1, 2))
    one.create("inbox", "mine", START)
    assert one.guid != two.guid
    assert "mine" not in {item.subject for item in two.items.values()}


def test_the_newest_item_comes_first(box):
    box.create("inbox", "new", START)
    assert box.items_in("inbox")[0].subject == "new"


def test_every_change_is_told_once_and_in_order(box):
    before = box.version
    item = box.create("drafts", "a", START)
    box.update(item.number, START, subject="b", read=True)
    box.move(item.number, "inbox", START)
    box.delete(item.number, START)
    told = box.since(before)
    assert [change.what for change in told] == ["created", "modified", "moved", "deleted"]
    assert box.since(told[1].version) == told[2:]
    assert box.since(box.version) == []


def test_a_move_is_told_to_both_folders(box):
    item = box.create("drafts", "a", START)
    box.move(item.number, "inbox", START)
    assert [change.what for change in box.since(0, ["drafts"])] == ["created", "moved"]
    assert [change.what for change in box.since(0, ["inbox"])] == ["moved"]
    assert box.since(0, ["sentitems"]) == []


def test_a_version_that_never_was_tells_all_that_is_known(box):
    box.create("inbox", "a", START)
    assert len(box.since(-5)) == 1


def test_old_changes_are_forgotten_and_new_ones_kept(box, monkeypatch):
    monkeypatch.setattr(contents, "MOST_CHANGES", 20)
    for number in range(50):
        box.create("inbox", str(number), START)
    assert box.version == 50
    assert [change.version for change in box.since(48)] == [49, 50]
    assert box.since(0)[-1].version == 50
    assert len(box.since(0)) <= 20


@pytest.mark.parametrize(
    "act",
    [
        lambda box: box.create("nowhere", "a", START),
        lambda box: box.update(99, START, subject="b"),
        lambda box: box.move(1, "nowhere", START),
        lambda box: box.delete(99, START),
        lambda box: box.add_folder("nowhere", "a"),
    ],
)
def test_what_is_not_there_is_a_key_error_and_changes_nothing(box, act):
    with pytest.raises(KeyError):
        act(box)
    assert box.version == 0


def test_folders_lie_in_folders(box):
    made = box.add_folder("inbox", "Projects")
    assert made in list(box.below("root", deep=True))
    assert made not in list(box.below("root"))
    assert [folder.key for folder in box.below("root")] == ["msgfolderroot"]


def test_mail_reaches_the_mailboxes_of_this_node_alone(store):
    to = ["USER02@lab.example", "user09@lab.example"]
    assert store.deliver("user01@lab.example", to, "hello", "text", START) == 1
    arrived = store.box(mailbox(2, "EXCH13")).items_in("inbox")[0]
    assert (arrived.subject, arrived.sender, arrived.read) == ("hello", "user01@lab.example", False)
    assert [change.what for change in store.box(mailbox(2, "EXCH13")).since(0)] == ["new_mail"]
