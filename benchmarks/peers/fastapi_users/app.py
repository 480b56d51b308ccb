"""
FastAPI Users over SQLAlchemy and asyncpg, as its full example says, with bearer and JWT.

``python -m benchmarks.peers.fastapi_users.app COUNT`` makes tables and people.
"""

# Annotations are read when a request comes, so they are not put off.

import asyncio
import os
import sys
import uuid
from collections.abc import AsyncGenerator
from typing import Annotated, Any

from fastapi import Depends, FastAPI
from fastapi_users import BaseUserManager, FastAPIUsers, UUIDIDMixin, schemas
from fastapi_users.authentication import AuthenticationBackend, BearerTransport, JWTStrategy
from fastapi_users.db import SQLAlchemyBaseUserTableUUID, SQLAlchemyUserDatabase
from fastapi_users.password import PasswordHelper
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from benchmarks.peers.names import PASSWORD, email

SECRET = os.environ["PEER_SECRET_KEY"]
_URL = os.environ["PEER_DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://")
# The parameters of Plinto in place of the slower defaults.
_HASHER = PasswordHelper(
    PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19 * 1024, parallelism=1),))
)


class Base(DeclarativeBase):
    """The tables of this application."""


class User(SQLAlchemyBaseUserTableUUID, Base):
    """A person as FastAPI Users has them."""


engine = create_async_engine(_URL)
new_session = async_sessionmaker(engine, expire_on_commit=False)


async def get_async_session() -> AsyncGenerator[AsyncSession, None]:
    async with new_session() as session:
        yield session


async def get_user_db(
    session: Annotated[AsyncSession, Depends(get_async_session)],
) -> AsyncGenerator[Any, None]:
    yield SQLAlchemyUserDatabase(session, User)


class UserManager(UUIDIDMixin, BaseUserManager[User, uuid.UUID]):
    """Signs up and in."""

    reset_password_token_secret = SECRET
    verification_token_secret = SECRET


async def get_user_manager(
    user_db: Annotated[Any, Depends(get_user_db)],
) -> AsyncGenerator[UserManager, None]:
    yield UserManager(user_db, _HASHER)


def get_jwt_strategy() -> JWTStrategy[User, uuid.UUID]:
    return JWTStrategy(secret=SECRET, lifetime_seconds=6 * 3600)


backend = AuthenticationBackend(
    name="jwt",
    transport=BearerTransport(tokenUrl="auth/jwt/login"),
    get_strategy=get_jwt_strategy,
)
users = FastAPIUsers[User, uuid.UUID](get_user_manager, [backend])


class UserRead(schemas.BaseUser[uuid.UUID]):
    """What is told of a person."""


class UserCreate(schemas.BaseUserCreate):
    """What a sign-up says."""


class UserUpdate(schemas.BaseUserUpdate):
    """What a person may change."""


app = FastAPI()
app.include_router(users.get_auth_router(backend), prefix="/auth/jwt", tags=["auth"])
app.include_router(users.get_register_router(UserRead, UserCreate), prefix="/auth", tags=["auth"])
app.include_router(users.get_users_router(UserRead, UserUpdate), prefix="/users", tags=["users"])


async def populate(count: int) -> None:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    encoded = _HASHER.hash(PASSWORD)
    async with new_session() as session:
        session.add_all(User(email=email(each), hashed_password=encoded) for each in range(count))
        await session.commit()
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(populate(int(sys.argv[1])))
