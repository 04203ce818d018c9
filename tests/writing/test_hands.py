import numpy as np
import pytest

from handsum.errors import UsageError
from handsum.writing.hands import blend, hand_vectors, name_fitted, parse_hand

TABLE = np.random.default_rng(0).normal(size=(50, 8)).astype(np.float32) * np.arange(1, 9)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("12", ((12, 1.0),)),
        (7, ((7, 1.0),)),
        ("12+40", ((12, 0.5), (40, 0.5))),
        (" 12:3 + 40:1 ", ((12, 0.75), (40, 0.25))),
        ("1:.5+2:0+3:1.5", ((1, 0.25), (3, 0.75))),
        ("9+9", ((9, 1.0),)),
        ("new", ()),
    ],
)
def test_hands_are_read(text, parts) -> None:
    assert parse_hand(text).parts == parts


@pytest.mark.parametrize("text", ["", "a", "-1", "1.5", "1+", "1:x", "1:-2+3", "news", "٣", "1:0"])
def test_a_wrong_name_of_a_hand_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="hand is a writer's number|all zero"):
        parse_hand(text)


def test_a_mix_is_as_far_out_as_its_writers() -> None:
    one, other = (hand_vectors(parse_hand(w), TABLE, 1, 0)[0] for w in (3, 4))
    np.testing.assert_allclose(one, TABLE[3], rtol=1e-5)
    mixed = hand_vectors(parse_hand("3+4"), TABLE, 2, 0)
    np.testing.assert_array_equal(mixed[0], mixed[1])
    spreads = np.stack([one, other]) - TABLE.mean(0)
    mean, spread = spreads.mean(0), mixed[0] - TABLE.mean(0)
    assert np.linalg.norm(spread) == pytest.approx(np.linalg.norm(spreads, axis=1).mean(), rel=1e-4)
    np.testing.assert_allclose(
        spread / np.linalg.norm(spread), mean / np.linalg.norm(mean), atol=1e-4
    )
    # Nearly all of one is nearly that one.
    near = hand_vectors(parse_hand("3:99+4:1"), TABLE, 1, 0)[0]
    assert np.linalg.norm(near - one) < 0.05 * np.linalg.norm(other - one)


def test_a_mix_of_opposites_is_no_hand_but_the_middle() -> None:
    spreads = np.array([[1.0, 2.0], [-1.0, -2.0]])
    np.testing.assert_allclose(blend(np.array([[0.5, 0.5]]), spreads), 0, atol=1e-6)
    np.testing.assert_allclose(blend(np.array([[0.75, 0.25]]), spreads), spreads[:1])


def test_infinite_shares_are_refused() -> None:
    with pytest.raises(UsageError, match="shares are too large"):
        parse_hand(f"12:{'9' * 400}+40")


def test_new_hands_vary_as_writers_do() -> None:
    new = hand_vectors(parse_hand("new"), TABLE, 3000, 5)
    np.testing.assert_allclose(new.mean(0), TABLE.mean(0), atol=0.5)
    np.testing.assert_allclose(np.cov(new.T), np.cov(TABLE.T), atol=6)
    # Hand i of a seed does not depend on their number.
    np.testing.assert_array_equal(new[:4], hand_vectors(parse_hand("new"), TABLE, 4, 5))
    assert not np.allclose(new[0], hand_vectors(parse_hand("new"), TABLE, 1, 6)[0])


def test_a_writer_out_of_range_is_refused() -> None:
    for text in ("50", "1+50"):
        with pytest.raises(UsageError, match="writer 50 is out of range: use 0 to 49"):
            hand_vectors(parse_hand(text), TABLE, 1, 0)


def test_the_name_of_a_fitted_hand_gives_the_hand_again() -> None:
    vector = hand_vectors(parse_hand("new"), TABLE, 1, 3)[0]
    name = name_fitted(vector, TABLE)
    again = hand_vectors(parse_hand(name), TABLE, 3, 0, 1)
    assert again.shape == (2, 8)
    step = TABLE.std(0).mean() / 32
    np.testing.assert_allclose(again, np.stack([vector] * 2), atol=step / 2 + 1e-5)


@pytest.mark.parametrize("change", [lambda name: name[:-1], lambda name: name + "A"])
def test_a_cut_name_of_a_fitted_hand_is_refused(change) -> None:
    name = name_fitted(TABLE[3], TABLE)
    with pytest.raises(UsageError, match="not whole, or was fitted to another model"):
        hand_vectors(parse_hand(change(name)), TABLE, 1, 0)


@pytest.mark.parametrize("name", ["like:", "like:a", "like:ü"])
def test_a_wrong_name_of_a_fitted_hand_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="not whole"):
        hand_vectors(parse_hand(name), TABLE, 1, 0)


@pytest.mark.parametrize("name", ["like:AAAA+3", "3+like:AAAA"])
def test_a_fitted_hand_is_not_mixed(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be mixed"):
        parse_hand(name)


def test_a_fitted_hand_belongs_to_one_model() -> None:
    name = name_fitted(TABLE[3], TABLE)
    for other in (TABLE + 1, TABLE[:, :4]):
        with pytest.raises(UsageError, match="another model"):
            hand_vectors(parse_hand(name), other, 1, 0)
    # One wrong letter is found.
    wrong = name[:-2] + ("B" if name[-2] != "B" else "C") + name[-1]
    with pytest.raises(UsageError, match="not whole"):
        hand_vectors(parse_hand(wrong), TABLE, 1, 0)
