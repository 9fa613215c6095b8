"""Reference data: communes, occupations, branches, calendar and the rules of matching."""
