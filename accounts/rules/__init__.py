"""Pure rules of accounts: text in, facts out; no Django, no database, no clock."""
