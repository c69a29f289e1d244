"""What a program does that uses OpenAI's package: nothing here knows of aura but the address.

Arguments: the base URL, an access token. The upstream is that of `sdk.rs`.
"""

import asyncio
import sys
import time

import openai
from openai import AsyncOpenAI, OpenAI

BASE, TOKEN = sys.argv[1:3]
MESSAGES = [{"role": "user", "content": "Name a harbour."}]


def client(**options):
    return OpenAI(base_url=BASE, api_key=TOKEN, max_retries=0, **options)


def source(raw):
    return raw.headers["x-cache"]


def chat():
    ask = client().chat.completions.with_raw_response.create
    first = ask(model="tiny", messages=MESSAGES, temperature=0)
    second = ask(model="tiny", messages=MESSAGES, temperature=0)
    assert (source(first), source(second)) == ("MISS", "HIT")
    assert first.content == second.content
    assert first.parse() == second.parse()
    assert second.parse().choices[0].message.content.startswith("answer ")
    assert second.parse().usage.total_tokens == 7
    assert int(second.headers["age"]) >= 0
    fresh = ask(
        model="tiny", messages=MESSAGES, temperature=0, extra_headers={"Cache-Control": "no-cache"}
    )
    assert source(fresh) == "MISS" and fresh.content != first.content
    assert source(ask(model="tiny", messages=MESSAGES)) == "BYPASS"


def streaming():
    def words():
        chunks = client().chat.completions.create(
            model="tiny", messages=MESSAGES, temperature=0, stream=True
        )
        sent = chunks.response.headers["x-cache"]
        said = list(chunks)
        assert said[-1].choices[0].finish_reason == "stop"
        return sent, [chunk.choices[0].delta.content for chunk in said], said

    first, second = words(), words()
    assert (first[0], second[0]) == ("MISS", "HIT"), (first[0], second[0])
    assert first[1] == second[1] == ["", "Bre", "st", None]
    assert first[2] == second[2]


def leaving():
    """Stops reading in the middle; the next one gets the whole."""
    ask = client().chat.completions.create
    options = {"model": "tiny", "messages": MESSAGES, "seed": 4, "user": "slow", "stream": True}
    with ask(**options) as chunks:
        next(iter(chunks))
    whole = list(ask(**options))
    assert whole[-1].choices[0].finish_reason == "stop"


async def together():
    """Twenty at once, streaming."""
    async with AsyncOpenAI(base_url=BASE, api_key=TOKEN, max_retries=0) as ask:

        async def one():
            chunks = await ask.chat.completions.create(
                model="tiny", messages=MESSAGES, seed=5, user="slow", stream=True
            )
            return [chunk async for chunk in chunks]

        all_of_them = await asyncio.gather(*(one() for _ in range(20)))
        assert all(one == all_of_them[0] for one in all_of_them)


def other_routes():
    ask = client()
    vectors = ask.embeddings.with_raw_response
    first, second = (vectors.create(model="e", input="x") for _ in range(2))
    assert (source(first), source(second)) == ("MISS", "HIT")
    assert first.content == second.content
    assert len(second.parse().data[0].embedding) == 2
    text = ask.completions.create(model="tiny", prompt="x", seed=1)
    assert text.choices[0].text == "Hi"
    assert [model.id for model in ask.models.list()] == ["tiny"]


def responses():
    ask = client().responses.with_raw_response.create
    question = {"model": "tiny", "input": "Name a harbour.", "temperature": 0, "store": False}
    first, second = (ask(**question) for _ in range(2))
    assert (source(first), source(second)) == ("MISS", "HIT")
    assert first.content == second.content
    assert second.parse().output_text == "Brest"
    assert source(ask(**{**question, "store": True})) == "BYPASS"
    for expected in "MISS", "HIT":
        events = client().responses.create(**question, stream=True)
        assert events.response.headers["x-cache"] == expected
        said = list(events)
        deltas = [one.delta for one in said if one.type == "response.output_text.delta"]
        assert "".join(deltas) == "Brest"
        assert said[-1].type == "response.completed"
        assert said[-1].response.output_text == "Brest"
    # A helper that collects the events.
    with client().responses.stream(model="tiny", input="x", store=False) as events:
        assert events.get_final_response().output_text == "Brest"


def small_routes():
    ask = client()
    assert ask.models.retrieve("tiny").id == "tiny"
    assert ask.models.retrieve("org/tiny").id == "org/tiny"
    assert not ask.moderations.create(input="x").results[0].flagged
    try:
        ask.files.list()
    except openai.NotFoundError as error:
        assert "POST /v1/responses" in error.body["message"], error
    else:
        raise AssertionError("files that are not there")


def fails(kind, status, code, **options):
    options = {"model": "tiny", "messages": MESSAGES, "temperature": 0, **options}
    asking = options.pop("client", None) or client()
    try:
        asking.chat.completions.create(**options)
    except kind as error:
        if status:
            assert (error.status_code, error.code) == (status, code), error
            assert error.body["message"], error
            assert error.message and error.request_id, error
        return
    raise AssertionError(f"no {kind.__name__}")


def errors():
    # The upstream's own come through.
    fails(openai.BadRequestError, 400, "context_length_exceeded", user="400")
    fails(openai.RateLimitError, 429, "quota", user="429")
    fails(openai.InternalServerError, 500, "boom", user="500")
    # aura's own read the same.
    stranger = OpenAI(base_url=BASE, api_key="rubbish", max_retries=0)
    fails(openai.AuthenticationError, 401, "invalid_token", client=stranger)
    fails(openai.InternalServerError, 504, "upstream_timeout", user="silent")
    fails(openai.InternalServerError, 502, "upstream_unavailable", user="away")
    # A client that is less patient than aura.
    start = time.monotonic()
    fails(openai.APITimeoutError, None, None, user="silent", client=client(timeout=0.3))
    assert time.monotonic() - start < 5
    # A stream that breaks is an error, not a short answer.
    chunks = client().chat.completions.create(
        model="tiny", messages=MESSAGES, temperature=0, user="breaks", stream=True
    )
    try:
        list(chunks)
    except Exception:
        return
    raise AssertionError("a broken stream looked whole")


chat()
streaming()
leaving()
asyncio.run(together())
other_routes()
responses()
small_routes()
errors()
print("done")
