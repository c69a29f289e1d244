// What a program does that uses OpenAI's npm package, in Node and in a page: nothing here knows of aura
// but the address. The upstream is that of `sdk.rs`. Gives "done".
export async function run(OpenAI, baseURL, apiKey, options = {}) {
  const client = new OpenAI({ baseURL, apiKey, maxRetries: 0, ...options });
  const same = (found, wanted, what) => {
    const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)];
    if (a !== b) throw new Error(`${what}: ${a} and not ${b}`);
  };
  const raw = async (asked) => {
    const { data, response } = await asked.withResponse();
    return { data, source: response.headers.get('x-cache'), headers: response.headers };
  };
  const twice = async (ask) => [await raw(ask()), await raw(ask())];
  const sources = (two) => two.map((one) => one.source);
  const collected = async (events) => {
    const all = [];
    for await (const event of events) all.push(event);
    return all;
  };

  const messages = [{ role: 'user', content: 'Name a harbour.' }];
  const question = { model: 'tiny', temperature: 0, messages };
  const chats = await twice(() => client.chat.completions.create(question));
  same(sources(chats), ['MISS', 'HIT'], 'chats');
  same(chats[0].data.choices, chats[1].data.choices, 'answers');
  same(chats[0].headers.get('x-upstream-request-id'), 'req_7', 'the upstream\'s request id');
  same(Boolean(chats[0].headers.get('x-request-id')), true, 'a request id');
  same(chats[0].headers.get('openai-processing-ms'), '12', 'a header of OpenAI\'s');

  const streams = await twice(() => client.chat.completions.create({ ...question, stream: true }));
  same(sources(streams), ['MISS', 'HIT'], 'streams');
  for (const { data } of streams) {
    const words = (await collected(data)).map((chunk) => chunk.choices[0].delta.content ?? '');
    same(words.join(''), 'Brest', 'a stream');
  }

  const asked = { model: 'tiny', input: 'Name a harbour.', temperature: 0, store: false };
  const responses = await twice(() => client.responses.create(asked));
  same(sources(responses), ['MISS', 'HIT'], 'responses');
  same(responses.map((one) => one.data.output_text), ['Brest', 'Brest'], 'responses');
  const flowing = await twice(() => client.responses.create({ ...asked, stream: true }));
  same(sources(flowing), ['MISS', 'HIT'], 'streamed responses');
  for (const { data } of flowing) {
    const events = await collected(data);
    const deltas = events.filter((event) => event.type === 'response.output_text.delta');
    same(deltas.map((event) => event.delta).join(''), 'Brest', 'a streamed response');
    same(events.at(-1).type, 'response.completed', 'its last event');
  }
  const stored = await twice(() => client.responses.create({ ...asked, store: true }));
  same(sources(stored), ['BYPASS', 'BYPASS'], 'stored responses');

  const vectors = await client.embeddings.create({ model: 'e', input: 'x' });
  same(vectors.data[0].embedding, [1, 2], 'vectors');
  same((await client.models.list()).data.map((model) => model.id), ['tiny'], 'models');
  same((await client.models.retrieve('tiny')).id, 'tiny', 'a model');
  same((await client.models.retrieve('org/tiny')).id, 'org/tiny', 'a model with a slash');
  const judged = await client.moderations.create({ input: 'x' });
  same(judged.results[0].flagged, false, 'a moderation');

  const failure = async (ask) => {
    try {
      await ask();
    } catch (error) {
      return error;
    }
    throw new Error('it did not fail');
  };
  const busy = await failure(() => client.chat.completions.create({ ...question, user: '429' }));
  same([busy.status, busy.code], [429, 'quota'], 'too many');
  same(busy.headers.get('retry-after-ms'), '1500', 'when to try again');
  same(busy.headers.get('x-should-retry'), 'false', 'whether to');
  const absent = await failure(() => client.files.list());
  same([absent.status, absent.code], [404, 'not_found'], 'files');
  same(absent.message.includes('POST /v1/responses'), true, absent.message);
  const stranger = new OpenAI({ baseURL, apiKey: 'rubbish', maxRetries: 0, ...options });
  const unknown = await failure(() => stranger.models.list());
  same([unknown.status, unknown.code], [401, 'invalid_token'], 'a stranger');
  return 'done';
}
