"""The messages that are shown could have been sent."""

from __future__ import annotations

import re
from pathlib import Path

from services.previews.gallery import Gallery
from services.previews.scene import scene


async def test_a_digest_tells_each_pair_once_and_an_escalation_what_no_longer_arrives(tmp_path: Path) -> None:
    async with scene(tmp_path, "http://passerelles.test") as here:
        gallery = Gallery(here)
        await gallery.fill()
    emails = {each.slug: each.message.email for each in gallery.messages if each.message and each.message.email}
    links = re.findall(r"/p/[\w-]{72}", emails["digest"].text)
    needs = re.findall(r"Pour votre besoin «\xa0(.+)\xa0»", emails["digest"].text)
    assert len(links) == len(set(links)) == len(set(needs)) == 4
    lost, answering = emails["escalated-lost"].text, emails["escalated-borrower"].text
    assert "n’y arrivent plus" in lost
    assert "n’y arrivent plus" not in answering
