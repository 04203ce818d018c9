"""Fit the mixture of pen paths in the package to the digits of PenDigits.

python tools/fit_paths.py penbased.dat

The file has the digits of "Pen-Based Recognition of Handwritten Digits" (E. Alpaydin and F.
Alimoglu, UCI Machine Learning Repository, CC BY 4.0), sixteen coordinates and the digit in each
row, as KEEL distributes them. Writes src/handsum/data/paths.npz. The rows of HELD_OUT are UCI's
test part, digits of 14 writers whom the other part does not have: nothing is fitted to them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import handsum.data.paths
from handsum.data.paths import POINTS

HELD_OUT = slice(6728, 10226)
# Normal distributions of a digit, what is added to their variances, and steps of the fit.
KINDS, RIDGE, STEPS = 8, 0.0015, 60
# A smaller share of a digit's paths has no distributions of its own.
RARE = 0.05


def read_paths(file: Path) -> tuple[np.ndarray, np.ndarray]:
    """Paths (N, 8, 2) in the unit square, y down, and their digits (N,)."""
    rows = np.loadtxt(file, delimiter=",", dtype=int)
    paths = rows[:, : 2 * POINTS].reshape(-1, POINTS, 2) / 100
    paths[..., 1] = 1 - paths[..., 1]
    return paths, rows[:, -1]


def find_lift(path: np.ndarray, digit: int) -> tuple[int, int] | None:
    """From which to which of its points the pen is up: PenDigits does not say.

    In a 4 it rises to the top of the second stroke, in a 5 to the bar, in a 1 to the foot and in a
    7 to the bar across; other digits are one stroke here.
    """
    across, up = (np.diff(path, axis=0) * [1, -1]).T

    def runs(rising: np.ndarray) -> list[tuple[int, int]]:
        edges = np.flatnonzero(np.diff(np.concatenate([[0], rising.astype(int), [0]])))
        return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]

    def climb(run: tuple[int, int]) -> float:
        return float(path[run[0], 1] - path[run[1], 1])

    if digit == 4:
        rising = runs((up > 0.05) & (up > 0.45 * np.abs(across)))
        found = [(start, end) for start, end in rising if start >= 2 and end <= 6]
        return max(found, key=climb, default=None)
    if digit == 5:
        rising = runs((up > 0) & (up > across))
        found = [run for run in rising if run[0] >= 3 and run[1] <= 6]
        found = [run for run in found if climb(run) > 0.3 and path[run[1], 1] < 0.4]
        if not found:
            return None
        start, end = max(found, key=climb)
        while start < end - 1 and -across[start] > up[start]:
            start += 1
        return start, end
    if digit in (1, 7):
        lowest = int(path[:, 1].argmax()) if digit == 1 else 3 + int(path[3:, 1].argmax())
        end = POINTS - 1
        while end > lowest and across[end - 1] > 0.05:
            if abs(up[end - 1]) >= 0.8 * across[end - 1] + 0.05:
                break
            end -= 1
        fits = 3 <= lowest < end <= 6 and path[lowest, 1] > 0.6
        return (lowest, end) if fits else None
    return None


def fit_mixture(
    rows: np.ndarray, kinds: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A mixture of normal distributions of rows (N, F), by expectation and maximisation.

    Returns weights (K,), means (K, F), Cholesky factors (K, F, F), and each row's likeliest (N,).
    """
    means = rows[[random.integers(len(rows))]]
    while len(means) < kinds:
        nearest = ((rows[:, None] - means) ** 2).sum(-1).min(1)
        means = np.append(means, rows[[random.choice(len(rows), p=nearest / nearest.sum())]], 0)
    nearest = ((rows[:, None] - means) ** 2).sum(-1).argmin(1)
    shares = np.eye(kinds)[nearest]
    for _ in range(STEPS):
        counts = shares.sum(0) + 1e-9
        means = shares.T @ rows / counts[:, None]
        logs, factors = [], []
        for kind in range(kinds):
            away = rows - means[kind]
            covariance = (away * shares[:, kind : kind + 1]).T @ away / counts[kind]
            factors.append(np.linalg.cholesky(covariance + RIDGE * np.eye(rows.shape[1])))
            scaled = np.linalg.solve(factors[-1], away.T)
            volume = np.log(np.diag(factors[-1])).sum()
            logs.append(np.log(counts[kind] / len(rows)) - (scaled**2).sum(0) / 2 - volume)
        likely = np.stack(logs, axis=1)
        shares = np.exp(likely - likely.max(1, keepdims=True))
        shares /= shares.sum(1, keepdims=True)
    return counts / len(rows), means, np.stack(factors), shares.argmax(1)


def main() -> None:
    """Fit, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    paths, digits = read_paths(parser.parse_args().file)
    fitted = np.ones(len(paths), bool)
    fitted[HELD_OUT] = False
    random = np.random.default_rng(0)
    columns: dict[str, list[np.ndarray]] = {
        name: [] for name in ("labels", "weights", "means", "factors", "lifts")
    }
    for digit in range(10):
        own = paths[fitted & (digits == digit)]
        lifts = [find_lift(path, digit) for path in own]
        has = np.array([lift is not None for lift in lifts])
        for lifted in (False, True):
            part = own[has == lifted]
            if len(part) < RARE * len(own):
                continue
            kinds = max(1, round(KINDS * len(part) / len(own)))
            weights, means, factors, likeliest = fit_mixture(
                part.reshape(len(part), -1), kinds, random
            )
            places = np.array([lift for lift in lifts if lift is not None])
            where = [
                np.median(places[likeliest == kind], axis=0).round() if lifted else (-1, -1)
                for kind in range(kinds)
            ]
            columns["labels"].append(np.full(kinds, digit, np.int8))
            columns["weights"].append((weights * len(part) / len(own)).astype(np.float32))
            columns["means"].append(means.reshape(kinds, POINTS, 2).astype(np.float32))
            columns["factors"].append(factors.astype(np.float32))
            columns["lifts"].append(np.array(where).astype(np.int8))
        print(f"{digit}: {has.mean():.0%} with a lift")
    target = Path(handsum.data.paths.__file__).with_name("paths.npz")
    np.savez(target, **{name: np.concatenate(parts) for name, parts in columns.items()})


if __name__ == "__main__":
    main()
