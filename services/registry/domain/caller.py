"""Who asks: the operator, who may do everything, or a company, which acts and sees for itself only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from passerelles.errors import ForbiddenError


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever a bearer token, or a signed link, stands for.

    Attributes:
        company_id: the company that it acts for; none for the operator.
    """

    kind: Literal["operator", "company"]
    company_id: UUID | None = None

    @property
    def is_operator(self) -> bool:
        """Whether it may act for every company."""
        return self.kind == "operator"

    def acts_for(self, company_id: UUID) -> bool:
        """Whether it may act for, and see all of, this company."""
        return self.is_operator or self.company_id == company_id

    def must_act_for(self, company_id: UUID) -> None:
        """Refuse a caller that may not act for this company.

        Raises:
            ForbiddenError: it stands for another one.
        """
        if not self.acts_for(company_id):
            raise ForbiddenError(
                "Ce jeton agit pour une autre entreprise.",
                remedy="Utiliser le jeton de cette entreprise, ou celui d'un opérateur.",
            )

    def must_be_operator(self) -> None:
        """Refuse anybody but the operator.

        Raises:
            ForbiddenError: it stands for a company.
        """
        if not self.is_operator:
            raise ForbiddenError(
                "Seul un opérateur peut faire cela.", remedy="Demander à votre coordinateur territorial."
            )


OPERATOR: Final = Caller("operator")
