"""FastAPI Users (https://fastapi-users.github.io/fastapi-users/latest/configuration/full-example/)."""
