//! A request body as the cache compares it: two bodies that say the same have one digest, two that
//! say anything different have two.
//!
//! White space, the spelling of strings and the order of the body's own members make no difference.
//! Below them order counts: models answer in the order of a schema's `properties`. Whole numbers count
//! exactly. The digest is computed while the body is read: no tree is built, because one takes up to
//! sixteen times the memory of the body. Held are 32 bytes for each member of the objects that are
//! open, to find a key that stands twice, and 64 more for each of the body's own members.

mod open;
mod reader;

use sha2::{Digest, Sha256};

use self::open::{Item, Member, Open, Part};
use self::reader::{Malformed, Number, Reader};
use super::meter::has_figures;
use crate::http::{Code, FieldError, Problem};

/// From here on doubles are further apart than whole numbers, and whole numbers no longer fit: two
/// of them could look the same.
const EXACT: f64 = 9_223_372_036_854_775_808.0;

/// Lists and objects inside each other, as deep as `serde_json` reads them.
const MAX_DEPTH: usize = 127;

/// Items and members in one body: they cost time.
const MAX_ITEMS: usize = 1_000_000;

/// Members of objects in one body: they cost memory.
const MAX_MEMBERS: usize = 65_536;

/// Models that tools may name.
const MAX_TOOL_MODELS: usize = 16;

/// Depth of the tools in `tools`, and of the parts of `input`.
const ITEM_DEPTH: usize = 3;

/// Longest name or text of a member that is looked at, in bytes.
const MAX_NOTED: usize = 256;

/// Members that decide on the price.
const PRICED: [&str; 6] = [
    "model",
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
    "n",
    "best_of",
];

/// Members by which an answer depends on what the upstream has stored.
const STATEFUL: [&str; 3] = ["previous_response_id", "conversation", "prompt"];

/// Members in which routers of models take others than `model`.
const ELSEWHERE: [&str; 2] = ["models", "fallbacks"];

/// What the upstream stores of a question and its answer, where the route is one that stores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stored {
    /// Both, as it does where `store` is not false.
    #[default]
    Both,
    /// Nothing.
    Nothing,
    /// The answer depends on what was stored before.
    Before,
    /// The answer is to be fetched later.
    Later,
}

/// A request body, read.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "answers of their own to questions of their own"
)]
pub(super) struct Canonical {
    /// SHA-256 of what the body says.
    pub(super) digest: [u8; 32],
    /// The digest covers everything: no number was too large to be told from another.
    pub(super) exact: bool,
    /// The answer should be the same every time: temperature 0, or a seed.
    pub(super) deterministic: bool,
    /// Server-sent events are asked for.
    pub(super) stream: bool,
    /// The model that is asked.
    pub(super) model: Option<String>,
    /// Models that `tools` name.
    pub(super) tool_models: Vec<String>,
    /// The most tokens that each alternative may have, where the body says so.
    pub(super) max_tokens: Option<u64>,
    /// The number of alternatives, where the body says so.
    pub(super) choices: Option<u64>,
    /// The number of prompts, where `prompt` is a list of them.
    pub(super) prompts: Option<u64>,
    /// What the upstream stores, where it may.
    pub(super) stored: Stored,
    /// The answer may depend on more than the body: on tools that the upstream runs itself, and on what
    /// it stores.
    pub(super) open: bool,
    /// The body holds figures as an answer's usage does.
    pub(super) figures: bool,
    /// A member by which another reader of JSON (Go's takes names in any case) may see another
    /// model, or another number of tokens; or one that names more models.
    pub(super) doubtful: Option<String>,
}

impl Canonical {
    /// Reads a JSON object.
    ///
    /// # Errors
    /// `malformed_body` for what is not JSON, is nested more than 127 deep, or holds a key twice;
    /// `invalid_input` for JSON that is not an object, and for one with more than a million items
    /// or 65,536 members.
    pub(super) fn of(body: &[u8]) -> Result<Self, Problem> {
        let read = Hashing::of(body).map_err(|fault| fault.problem(body))?;
        Ok(Self {
            figures: has_figures(body),
            ..read
        })
    }
}

/// The reason why a body is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Malformed(usize),
    TooDeep,
    Twice,
    TooMany(&'static str, usize),
    NotAnObject,
}

impl From<Malformed> for Fault {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed.0)
    }
}

impl Fault {
    /// The problem, which quotes nothing of `body`.
    fn problem(self, body: &[u8]) -> Problem {
        let malformed = |detail: String| Problem::new(Code::MalformedBody, detail);
        let invalid =
            |code, message: String| Problem::invalid(vec![FieldError::new("", code, message)]);
        match self {
            Self::Malformed(at) => {
                let before = &body[..at.min(body.len())];
                let line = before.split(|byte| *byte == b'\n').count();
                let last = before.rsplit(|byte| *byte == b'\n').next();
                let column = last.map_or(0, <[u8]>::len) + 1;
                malformed(format!(
                    "the body is not JSON: line {line}, column {column}"
                ))
            }
            Self::TooDeep => malformed(format!("the body is nested more than {MAX_DEPTH} deep")),
            Self::Twice => malformed("the body holds one key twice in one object".to_owned()),
            Self::TooMany(things, most) => invalid(
                "too_many",
                format!("the body holds more than {most} {things}"),
            ),
            Self::NotAnObject => invalid("wrong_type", "the body must be a JSON object".to_owned()),
        }
    }
}

/// A value that has been read, as far as [`Hashing::notice`] needs it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Value {
    Null,
    Bool(bool),
    Number(Number),
    Text,
    /// The number of texts and lists in it.
    List(u64),
    Object,
}

/// `name` as readers of JSON see it that ignore case. Upper case first: it makes one letter of all that
/// are one in some alphabet.
fn folded(name: &str) -> String {
    name.to_uppercase().to_lowercase()
}

/// A SHA-256.
type Digest32 = [u8; 32];

/// A body that is being read.
struct Hashing<'a> {
    reader: Reader<'a>,
    canonical: Canonical,
    items: usize,
    members: usize,
    /// The last string, unless it is long.
    noted: String,
    open: Open,
    /// `store` is not false, or may not be to another reader of JSON.
    stores: bool,
}

impl<'a> Hashing<'a> {
    fn of(body: &'a [u8]) -> Result<Canonical, Fault> {
        let mut hashing = Self {
            reader: Reader::new(body)?,
            canonical: Canonical {
                exact: true,
                ..Canonical::default()
            },
            items: 0,
            members: 0,
            noted: String::new(),
            open: Open::default(),
            stores: false,
        };
        let mut hash = Sha256::new();
        let value = hashing.value(&mut hash, 0)?;
        if hashing.reader.peek().is_some() {
            return Err(hashing.reader.place().into());
        }
        if value != Value::Object {
            return Err(Fault::NotAnObject);
        }
        hashing.canonical.digest = hash.finalize().into();
        hashing.canonical.open = hashing.open.found;
        if hashing.stores && hashing.canonical.stored == Stored::Nothing {
            hashing.canonical.stored = Stored::Both;
        }
        Ok(hashing.canonical)
    }

    /// Reads a value inside of `depth` others into `hash`. No value's bytes begin with those of
    /// another one, so that what follows cannot be taken for a part of it.
    fn value(&mut self, hash: &mut Sha256, depth: usize) -> Result<Value, Fault> {
        let value = match self.reader.peek() {
            Some(b'{') => return self.object(hash, depth + 1),
            Some(b'[') => return self.list(hash, depth + 1),
            Some(b'"') => {
                self.string(hash)?;
                self.open.text();
                return Ok(Value::Text);
            }
            Some(b'n') => {
                self.reader.word("null")?;
                hash.update(b"n");
                Value::Null
            }
            Some(b't') => {
                self.reader.word("true")?;
                hash.update(b"t");
                Value::Bool(true)
            }
            Some(b'f') => {
                self.reader.word("false")?;
                hash.update(b"f");
                Value::Bool(false)
            }
            _ => Value::Number(self.number(hash)?),
        };
        Ok(value)
    }

    fn number(&mut self, hash: &mut Sha256) -> Result<Number, Fault> {
        let number = self.reader.number()?;
        let (kind, bytes) = match number {
            Number::Natural(number) => (b'u', number.to_be_bytes()),
            Number::Negative(number) => (b'i', number.to_be_bytes()),
            Number::Real(number) => {
                self.canonical.exact &= number.abs() < EXACT;
                (b'r', number.to_bits().to_be_bytes())
            }
        };
        hash.update([kind]);
        hash.update(bytes);
        Ok(number)
    }

    /// Reads a string, and notes it unless it is too long.
    fn string(&mut self, hash: &mut Sha256) -> Result<(), Fault> {
        hash.update(b"s");
        let (noted, open) = (&mut self.noted, &mut self.open);
        noted.clear();
        open.begin();
        let mut length = 0;
        self.reader.string(|part| {
            hash.update(part);
            open.push(part);
            length += part.len();
            if length <= MAX_NOTED {
                noted.push_str(part);
            }
        })?;
        if length > MAX_NOTED {
            noted.clear();
        }
        open.end();
        // A byte that no UTF-8 holds.
        hash.update([0xff]);
        Ok(())
    }

    fn list(&mut self, hash: &mut Sha256, depth: usize) -> Result<Value, Fault> {
        self.begin(b'[', depth)?;
        hash.update(b"[");
        let mut filled = 0;
        let member = self.open.member;
        if !self.reader.passes(b']') {
            loop {
                self.count()?;
                self.open.member = member;
                let item = self.value(hash, depth)?;
                self.open.found |=
                    depth == 2 && self.open.part == Part::Tools && item != Value::Object;
                filled += u64::from(matches!(item, Value::Text | Value::List(_)));
                if !self.reader.passes(b',') {
                    break;
                }
            }
            self.reader.expect(b']')?;
        }
        hash.update(b"]");
        Ok(Value::List(filled))
    }

    /// Reads an object into `hash`: the body in the order of its names' digests, any other in its own.
    fn object(&mut self, hash: &mut Sha256, depth: usize) -> Result<Value, Fault> {
        self.begin(b'{', depth)?;
        hash.update(b"{");
        let mut names: Vec<Digest32> = Vec::new();
        let mut own: Vec<(Digest32, Digest32)> = Vec::new();
        let outer = self.open.member;
        let mut item = Item::default();
        if !self.reader.passes(b'}') {
            loop {
                self.count()?;
                self.members += 1;
                if self.members > MAX_MEMBERS {
                    return Err(Fault::TooMany("members", MAX_MEMBERS));
                }
                let name = self.name()?;
                names.push(name);
                if depth == 1 {
                    own.push((name, self.own_member(depth)?));
                } else {
                    hash.update(b",");
                    hash.update(name);
                    let name = std::mem::take(&mut self.noted);
                    self.open.member = Member::of(&name);
                    let value = self.value(hash, depth)?;
                    self.open.inner(outer, &name, value);
                    if self.open.part == Part::Tools && value == Value::Text {
                        self.tool_model(&name);
                    }
                    if depth == ITEM_DEPTH {
                        item.note(&name, value, &self.noted);
                    }
                }
                if !self.reader.passes(b',') {
                    break;
                }
            }
            self.reader.expect(b'}')?;
        }
        self.open.found |= depth == ITEM_DEPTH && item.is_open(self.open.part);
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(Fault::Twice);
        }
        own.sort_unstable();
        for (name, value) in &own {
            hash.update(name);
            hash.update(value);
        }
        hash.update(b"}");
        Ok(Value::Object)
    }

    /// Reads the name of a member, and notes it.
    fn name(&mut self) -> Result<Digest32, Fault> {
        self.reader.peek();
        let mut hash = Sha256::new();
        self.string(&mut hash)?;
        self.reader.expect(b':')?;
        Ok(hash.finalize().into())
    }

    /// Reads the value of a member of the body itself, whose name has just been read.
    fn own_member(&mut self, depth: usize) -> Result<Digest32, Fault> {
        let name = std::mem::take(&mut self.noted);
        self.open.member = Member::of(&name);
        self.open.part = match folded(&name).as_str() {
            "tools" => Part::Tools,
            "input" => Part::Input,
            _ => Part::Other,
        };
        let mut hash = Sha256::new();
        let value = self.value(&mut hash, depth)?;
        self.notice(&name, value);
        Ok(hash.finalize().into())
    }

    /// Looks at a member `name` within `tools`, whose text is noted.
    fn tool_model(&mut self, name: &str) {
        if folded(name) != "model" {
            return;
        }
        if self.canonical.tool_models.len() < MAX_TOOL_MODELS {
            self.canonical.tool_models.push(self.noted.clone());
        } else {
            self.canonical.doubtful = Some("tools".to_owned());
        }
    }

    /// Looks at a member of the body itself.
    fn notice(&mut self, name: &str, value: Value) {
        let folded = folded(name);
        self.open.own(&folded, value, &self.noted);
        let is_priced = PRICED.contains(&folded.as_str()) && folded != name;
        let natural = match value {
            Value::Number(Number::Natural(number)) => Some(number),
            _ => None,
        };
        // A lenient upstream takes 8.0 or "8" for the number of alternatives.
        let is_number = natural.is_some() || value == Value::Null || name == "model";
        let is_odd = PRICED.contains(&name) && !is_number;
        if is_priced || is_odd || ELSEWHERE.contains(&folded.as_str()) {
            self.canonical.doubtful = Some(name.to_owned());
        }
        let unset = matches!(value, Value::Null | Value::Bool(false));
        if folded == "background" && !unset {
            self.canonical.stored = Stored::Later;
        } else if STATEFUL.contains(&folded.as_str())
            && !unset
            && self.canonical.stored != Stored::Later
        {
            self.canonical.stored = Stored::Before;
        }
        self.stores |= folded == "store" && (name != "store" || value != Value::Bool(false));
        if let ("prompt", Value::List(prompts)) = (name, value) {
            self.canonical.prompts = Some(prompts);
        }
        let zero = match value {
            Value::Number(Number::Natural(number)) => number == 0,
            Value::Number(Number::Real(number)) => number == 0.0,
            _ => false,
        };
        match name {
            "temperature" => self.canonical.deterministic |= zero,
            "seed" => self.canonical.deterministic |= value != Value::Null,
            "stream" => self.canonical.stream = value == Value::Bool(true),
            "model" if value == Value::Text => self.canonical.model = Some(self.noted.clone()),
            "max_tokens" | "max_completion_tokens" | "max_output_tokens" => {
                self.canonical.max_tokens = self.canonical.max_tokens.max(natural);
            }
            "store" if value == Value::Bool(false) && self.canonical.stored == Stored::Both => {
                self.canonical.stored = Stored::Nothing;
            }
            "n" | "best_of" => self.canonical.choices = self.canonical.choices.max(natural),
            _ => {}
        }
    }

    fn begin(&mut self, bracket: u8, depth: usize) -> Result<(), Fault> {
        if depth > MAX_DEPTH {
            return Err(Fault::TooDeep);
        }
        Ok(self.reader.expect(bracket)?)
    }

    fn count(&mut self) -> Result<(), Fault> {
        self.items += 1;
        if self.items > MAX_ITEMS {
            return Err(Fault::TooMany("items", MAX_ITEMS));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
