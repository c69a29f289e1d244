"""What the service reads. `python -m app.settings` prints the JSON Schema."""

import json
from decimal import Decimal
from typing import Annotated, Literal, Optional

from pydantic import BaseModel, Field, PostgresDsn, RedisDsn, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Database(BaseModel):
    """The database."""

    url: Annotated[PostgresDsn, Field(description="URL with user and password.")]
    pool_size: Annotated[int, Field(gt=0, le=100, description="Connections at most.")] = 5
    echo: Annotated[bool, Field(description="Log every statement.")] = False


class Tracing(BaseModel):
    """Where traces go."""

    endpoint: Annotated[str, Field(description="URL of the collector.")]
    ratio: Annotated[float, Field(ge=0, le=1, description="Share of requests.")] = 0.1


class Settings(BaseSettings):
    """Settings of the shop."""

    model_config = SettingsConfigDict(env_nested_delimiter="__")

    environment: Annotated[
        Literal["development", "staging", "production"],
        Field(description="Where this process runs."),
    ] = "development"
    region: Annotated[str, Field(description="Region that prices are for.")]
    database: Database
    redis_url: Annotated[RedisDsn, Field(description="URL of the cache.")]
    jwt_secret_key: Annotated[
        SecretStr, Field(min_length=32, description="Key that signs tokens.")
    ]
    jwt_algorithm: Annotated[
        Literal["HS256", "HS384", "HS512"], Field(description="How tokens are signed.")
    ] = "HS256"
    jwt_access_token_expire_minutes: Annotated[
        int, Field(gt=0, lt=1441, description="Lifetime of a token.")
    ] = 30
    cors_origins: Annotated[
        list[str], Field(description="Origins of pages that may call.")
    ] = ["https://shop.example.com"]
    features: Annotated[
        dict[str, bool], Field(description="Switches, by name.")
    ] = {"search": True}
    vat: Annotated[
        Decimal, Field(gt=0, lt=1, description="Tax, as a share of the price.")
    ] = Decimal("0.19")
    greeting: Annotated[
        Optional[str], Field(description="Line at the top of each page.")
    ] = None
    tracing: Annotated[Optional[Tracing], Field(description="Where traces go.")] = None


if __name__ == "__main__":
    print(json.dumps(Settings.model_json_schema(), indent=2))
