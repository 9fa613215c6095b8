"""`python -m schemas.check` on the contract as it is, and on contracts with one thing wrong."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import pytest
from pydantic import Field

from schemas.catalogue import CATALOGUE, EventType
from schemas.check import problems
from schemas.examples import example_path
from schemas.generate import ROOT, write
from schemas.json_schemas import file_name
from schemas.release import LOCK, RELEASED, freeze
from schemas.territories import CURRENT, TerritoryTable
from schemas.topics import TOPICS
from schemas.upcasters import UPCASTERS
from schemas.vocabulary import Headcount, Payload


@pytest.fixture
def contract(tmp_path: Path) -> Path:
    """The committed files of the contract, copied where they may be spoilt."""
    for folder in ("generated", "released", "examples"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


def with_payload(name: str, **fields: Any) -> dict[str, EventType]:
    """The catalogue with some fields of a payload declared otherwise; `None` removes one."""
    type_ = CATALOGUE[name]
    annotations: dict[str, Any] = {}
    defaults: dict[str, Any] = {}
    for field, info in type_.payload.model_fields.items():
        annotations[field] = info.rebuild_annotation()
        if not info.is_required():
            defaults[field] = info.default
    for field, declared in fields.items():
        annotations.pop(field, None)
        defaults.pop(field, None)
        if declared is not None:
            annotations[field] = declared
    namespace = {"__annotations__": annotations, "__doc__": type_.payload.__doc__, **defaults}
    payload = type(type_.payload.__name__, (Payload,), namespace)
    return dict(CATALOGUE) | {name: replace(type_, payload=payload)}


def test_the_committed_contract_holds() -> None:
    assert problems() == []


def test_a_contract_that_was_just_generated_and_frozen_holds(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    write(tmp_path)
    (tmp_path / RELEASED).mkdir()
    earlier = [file_name(name, version) for name, type_ in CATALOGUE.items() for version in range(1, type_.version)]
    for name in earlier:
        shutil.copy(ROOT / RELEASED / name, tmp_path / RELEASED / name)
    digests = json.loads((ROOT / LOCK).read_text())
    locked = {f"{RELEASED}/{name}": digests[f"{RELEASED}/{name}"] for name in earlier}
    (tmp_path / LOCK).write_text(json.dumps(locked))
    assert len(freeze(tmp_path)) > len(CATALOGUE)
    assert problems(tmp_path) == []
    assert write(tmp_path) == []
    assert freeze(tmp_path) == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"siren": None}, "breaks its readers: siren: was removed or renamed", id="field-removed"),
        pytest.param(
            {"headcount": Annotated[int, Field(ge=1, le=500)]},
            "breaks its readers: headcount: `maximum` changed from 1000 to 500",
            id="bound-narrowed",
        ),
        pytest.param({"shift": Headcount}, "breaks its readers: shift: is new and required", id="required-added"),
    ],
)
def test_an_incompatible_model_is_refused_even_when_generated_anew(
    contract: Path, fields: dict[str, Any], expected: str
) -> None:
    catalogue = with_payload("need.recorded", **fields)
    write(contract, catalogue)
    found = problems(contract, catalogue=catalogue)
    assert any(f"need.recorded version 1 {expected}" in problem for problem in found), found
    assert all(problem.endswith(".") for problem in found)


def test_a_model_changed_without_generating_is_stale(contract: Path) -> None:
    found = problems(contract, catalogue=with_payload("company.recorded", branch=None))
    assert any("company.recorded-1.json is stale: run `python -m schemas.generate`" in problem for problem in found)


def spoil_generated(root: Path) -> None:
    (root / "generated/asyncapi.json").write_text("{}")


def lose_generated(root: Path) -> None:
    (root / "generated/json-schema/need.recorded-1.json").unlink()


def leave_generated(root: Path) -> None:
    (root / "generated/json-schema/need.forgotten-1.json").write_text("{}")


def edit_released(root: Path) -> None:
    path = root / RELEASED / "need.recorded-1.json"
    path.write_text(path.read_text().replace('"maximum": 1000', '"maximum": 500'))


def lose_released(root: Path) -> None:
    (root / RELEASED / "need.recorded-1.json").unlink()


def unlock_released(root: Path) -> None:
    path = root / LOCK
    lock = json.loads(path.read_text())
    del lock["released/need.recorded-1.json"]
    path.write_text(json.dumps(lock))


def lose_example(root: Path) -> None:
    example_path("day.started", 1, root).unlink()


def edit_example(root: Path) -> None:
    path = example_path("day.started", 1, root)
    path.write_text(path.read_text().replace("2026-11-23", "2026-13-23"))


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (spoil_generated, ["generated/asyncapi.json is stale"]),
        (lose_generated, ["need.recorded-1.json is missing: run `python -m schemas.generate`"]),
        (leave_generated, ["need.forgotten-1.json has no type"]),
        (edit_released, ["was edited after its release", "`maximum` changed from 500 to 1000"]),
        (lose_released, ["was released and stays for ever", "was never released"]),
        (unlock_released, ["was never released: run `python -m schemas.release`"]),
        (lose_example, ["was released and stays for ever", "write one realistic, made-up record of day.started 1"]),
        (edit_example, ["was edited after its release", "no longer reads as version 1"]),
    ],
)
def test_a_spoilt_file_is_named(contract: Path, spoil: Callable[[Path], None], expected: list[str]) -> None:
    spoil(contract)
    found = problems(contract)
    for sentence in expected:
        assert any(sentence in problem for problem in found), found


def test_a_type_that_left_the_catalogue_is_asked_back(contract: Path) -> None:
    catalogue = {name: type_ for name, type_ in CATALOGUE.items() if name != "epoch.opened"}
    write(contract, catalogue)
    found = problems(contract, catalogue=catalogue)
    assert [problem.partition(" was released")[0] for problem in found] == [
        "schemas/examples/epoch.opened-1.json",
        "schemas/released/epoch.opened-1.json",
    ]


def test_a_second_version_asks_for_its_release_its_example_and_the_upcaster_of_the_first(contract: Path) -> None:
    catalogue = with_payload("day.started", month=int)
    catalogue["day.started"] = replace(catalogue["day.started"], version=2)
    write(contract, catalogue)
    found = problems(contract, catalogue=catalogue)
    assert any("released/day.started-2.json was never released" in problem for problem in found)
    assert any("examples/day.started-2.json is missing" in problem for problem in found)
    assert any("examples/day.started-1.json no longer reads as version 2" in problem for problem in found)

    first = json.loads(example_path("day.started", 1, contract).read_text())
    first["payload"]["month"] = 11
    example_path("day.started", 2, contract).write_text(json.dumps(first))
    freeze(contract, catalogue)
    upcasters = {**UPCASTERS, ("day.started", 1): lambda data: data | {"month": int(data["day"][5:7])}}
    assert problems(contract, catalogue=catalogue, upcasters=upcasters) == []


def test_a_topic_or_a_table_under_which_records_lie_stays_as_it_is(contract: Path) -> None:
    topics = dict(TOPICS) | {"registry.facts": replace(TOPICS["registry.facts"], partitions=64)}
    assert any("a new layout is a new topic" in problem for problem in problems(contract, topics=topics))
    del topics["registry.outcomes"]
    assert any("is no longer in the contract" in problem for problem in problems(contract, topics=topics))

    recut = TerritoryTable(1, MappingProxyType(dict(CURRENT.slices) | {"31": 8}))
    longer = TerritoryTable(1, MappingProxyType(dict(CURRENT.slices) | {"23": 1}))
    for changed in (recut, longer):
        found = problems(contract, tables={1: changed})
        assert any("Territory table 1 is not the one that was released" in problem for problem in found)
    assert problems(contract, tables={1: CURRENT, 2: replace(longer, version=2)}) == []


def test_the_command_tells_and_exits_accordingly() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "schemas.check"], cwd=ROOT.parent, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "The contract holds.\n")
