"""The accounts of a fire: what the journal of the mail server says, and the ledger, delivery by delivery."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from passerelles.store.address import open_store
from passerelles.store.port import Stored, Where
from services.notifications.ledger.documents import Documents
from tests.mail_server import UNSURE


@dataclass(frozen=True, slots=True)
class Accounts:
    """What the journal of the mail server and the ledger say, compared delivery by delivery.

    Attributes:
        emails: contacts that were to be told; each has one delivery.
        in_attempt: deliveries that a killed process left in `attempting`.
        lost: never handed over, and neither known nor said to be: whatever is not `sent`, `failed` or `unknown`, and
            what is `sent` without being in the journal.
        twice: more than once in the journal.
        unknown_taken: of the `unknown`, those that the server took.
        untold: ended, and not owed to the bus as such.
        wrong: said to have ended otherwise than the server's fault makes certain.
    """

    emails: int
    in_attempt: int
    sent: int
    failed: int
    unknown: int
    unknown_taken: int
    lost: int
    twice: int
    untold: int
    wrong: list[str]


async def attempting(store_url: str) -> set[str]:
    """What a dead process was in the middle of."""
    return {each.id for each in await _deliveries(store_url, Where(equal={"state": "attempting"}))}


async def _deliveries(store_url: str, where: Where) -> list[Stored]:
    store = open_store(store_url)
    documents = Documents(store)
    await store.open()
    try:
        return await documents.deliveries.find(where)
    finally:
        await store.close()


async def accounts_of(
    store_url: str, faults: Mapping[UUID, str], journal: Counter[str], interrupted: set[str]
) -> Accounts:
    """The comparison, once everything has ended; `interrupted` are the deliveries that kills left in `attempting`."""
    deliveries = await _deliveries(store_url, Where())
    states = Counter(each.body["state"] for each in deliveries)
    by_company = Counter(UUID(each.body["company"]) for each in deliveries)
    unknown = [each for each in deliveries if each.body["state"] == "unknown"]
    wrong = [f"{company}: {by_company[company]} deliveries" for company in faults if by_company[company] != 1]
    wrong += [f"{id_}: in the journal only" for id_ in journal.keys() - {each.id for each in deliveries}]
    for each in deliveries:
        fault = faults[UUID(each.body["company"])]
        if (each.body["state"], each.body["code"]) != end_of(fault, interrupted=each.id in interrupted):
            wrong.append(f"{each.id}: {fault}, and {each.body['state']} ({each.body['code']})")
    unsent = [each for each in deliveries if each.body["state"] == "sent" and not journal[each.id]]
    return Accounts(
        emails=len(faults),
        in_attempt=len(interrupted),
        sent=states["sent"],
        failed=states["failed"],
        unknown=states["unknown"],
        unknown_taken=sum(1 for each in unknown if journal[each.id]),
        lost=len(faults) - states["sent"] - states["failed"] - states["unknown"] + len(unsent),
        twice=sum(1 for count in journal.values() if count > 1),
        untold=sum(1 for each in deliveries if not _is_told(each)),
        wrong=wrong,
    )


def end_of(fault: str, *, interrupted: bool) -> tuple[str, str]:
    """How a delivery has to end, as state and code: there is one way, whatever happened around it."""
    if interrupted:
        return "unknown", "interrupted"
    if fault in UNSURE:
        return "unknown", "smtp_no_answer"
    return {"refused": ("failed", "smtp_550"), "refused_content": ("failed", "smtp_554")}.get(
        fault, ("sent", "smtp_250")
    )


def _is_told(delivery: Stored) -> bool:
    """Whether its end is owed to the bus, where the operator sees it from."""
    last = delivery.body["pending"][-1]
    return last["type"] == "delivery.recorded" and last["data"]["state"] == delivery.body["state"]
