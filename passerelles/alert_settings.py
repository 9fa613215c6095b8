"""How often a contact is alerted, and when by text message: the settings of the policy."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class AlertSettings(BaseModel):
    """The limits of alerts; what a contact prefers is kept with the contact."""

    model_config = ConfigDict(frozen=True)

    alert_need_hours: Annotated[
        int,
        Field(
            ge=0,
            le=720,
            description="Between two alerts about one need that leave at once; what comes sooner joins the digest.",
        ),
    ] = 24
    alert_contact_most: Annotated[
        int,
        Field(
            ge=0,
            le=1000,
            description="Alerts that leave at once, by contact and channel, in as many hours as for a need; what comes "
            "beyond joins the digest. 0: no limit.",
        ),
    ] = 8
    alert_pair_days: Annotated[
        int,
        Field(
            ge=0,
            le=90,
            description="Between two alerts about one proposal that leave at once; what comes sooner joins the digest.",
        ),
    ] = 7
    sms_hours: Annotated[
        str,
        Field(pattern=r"^\d{1,2}-\d{1,2}$", description="The hours in Paris from and to which text messages leave."),
    ] = "8-20"
    sms_days: Annotated[
        str, Field(pattern=r"^[1-7]{1,7}$", description="The weekdays on which they leave; 1 is Monday.")
    ] = "123456"
    sms_holidays: Annotated[bool, Field(description="Whether they leave on French public holidays too.")] = False
