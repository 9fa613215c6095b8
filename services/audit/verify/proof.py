"""The whole proof: the chain and its files, then matching's fold, in parallel over the partitions."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Final, Protocol

from passerelles import logging
from services.audit.archive.chain import no_archive
from services.audit.archive.errors import ArchiveError
from services.audit.archive.files import ArchiveFiles, open_files
from services.audit.archive.keys import PUBLIC, Verifier
from services.audit.verify.chain import verify_chain
from services.audit.verify.findings import ChainReport, Finding
from services.audit.verify.fold import FoldReport, MakeShard, Partition, partitions_of, refold

_LOOKS: Final = 5
FEW_ROWS: Final = 50_000
"""Below this, starting processes takes longer than folding."""


class Progress(Protocol):
    """Told how far the proof is."""

    def step(self, title: str, total: int) -> None:
        """A step begins, of so many records."""
        ...

    def advance(self, records: int) -> None:
        """So many more records were looked at."""
        ...


@dataclass
class Proof:
    """What was proved, and what does not hold.

    Attributes:
        fold: none when the chain did not hold, or it was not asked for.
    """

    chain: ChainReport
    fold: FoldReport | None = None
    findings: list[Finding] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Nothing was found."""
        return not self.findings


def verify(
    address: str,
    make_shard: MakeShard | None,
    progress: Progress,
    *,
    public_key: bytes | None = None,
    anchor: str | None = None,
    workers: int = 1,
) -> Proof:
    """Prove an archive.

    The fold is run only over an archive that is what was written: a difference would otherwise say nothing about
    matching.

    Args:
        address: its folder or URL.
        make_shard: matching's fold; none: the chain and its files only.
        progress: told how far it is.
        public_key: the PEM that is trusted; by default the archive's own copy.
        anchor: the digest of a head that was noted before.
        workers: processes for the fold.

    Raises:
        NoArchiveError: there is none.
        ArchiveError: its key is none, or a file cannot be read.
    """
    files = open_files(address)
    verifier = Verifier.of_pem(public_key if public_key is not None else _own_key(files))
    chain = _chain(files, verifier, anchor, progress)
    proof = Proof(chain, findings=list(chain.findings))
    if make_shard is None or not proof.holds:
        return proof
    partitions = partitions_of(chain)
    total = sum(each.rows for each in partitions)
    progress.step("Règles rejouées", total)
    proof.fold = FoldReport()
    for partition, report in _folded(address, partitions, make_shard, workers if total > FEW_ROWS else 1):
        progress.advance(partition.rows)
        proof.fold.add(report)
        if report.finding is not None:
            proof.findings.append(report.finding)
    return proof


def _chain(files: ArchiveFiles, verifier: Verifier, anchor: str | None, progress: Progress) -> ChainReport:
    """Walk the chain; once more when something was found while somebody was writing, which alone may explain it."""
    for _ in range(_LOOKS):
        entries = len(files.names("chain"))
        progress.step("Chaîne et empreintes", len(files.names("segments")))
        report = verify_chain(files, verifier, anchor=anchor, progress=lambda _: progress.advance(1))
        if not report.findings or len(files.names("chain")) == entries:
            break
    return report


def _own_key(files: ArchiveFiles) -> bytes:
    try:
        return files.read(PUBLIC)
    except FileNotFoundError as error:
        if not files.names("chain"):
            raise no_archive() from error
        raise ArchiveError("L'archive n'a plus sa clé publique.", remedy="La donner par --public-key.") from error


def _folded(
    address: str, partitions: list[Partition], make_shard: MakeShard, workers: int
) -> Iterator[tuple[Partition, FoldReport]]:
    if workers == 1:
        for partition in partitions:
            yield partition, _refold(address, partition, make_shard)
        return
    # Spawned, as the Parquet reader's threads don't survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_quietly) as pool:
        # The longest first, so that no process is left alone with it at the end.
        ordered = sorted(partitions, key=lambda each: -each.rows)
        waiting = {pool.submit(_refold, address, each, make_shard): each for each in ordered}
        for done in as_completed(waiting):
            yield waiting[done], done.result()


def _refold(address: str, partition: Partition, make_shard: MakeShard) -> FoldReport:
    return refold(open_files(address), partition, make_shard)


def _quietly() -> None:
    logging.configure(level="error", json=False)
