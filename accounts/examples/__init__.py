"""What the OpenAPI document shows of accounts: a table of operations for each subject."""
