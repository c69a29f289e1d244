//! [`Hashing`]: a body that is read once, value by value, into its digest.

use sha2::{Digest, Sha256};

use super::facts::{Canonical, Fault, MAX_DEPTH, Stored, Value, folded};
use super::open::{Item, Member, Open, Part};
use super::reader::{Number, Reader};

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

/// From here on doubles are further apart than whole numbers, and whole numbers no longer fit: two
/// of them could look the same.
const EXACT: f64 = 9_223_372_036_854_775_808.0;

/// Items and members in one body: they cost time.
pub(super) const MAX_ITEMS: usize = 1_000_000;

/// Members of objects in one body: they cost memory.
pub(super) const MAX_MEMBERS: usize = 65_536;

/// Models that tools may name.
const MAX_TOOL_MODELS: usize = 16;

/// Depth of the tools in `tools`, and of the parts of `input`.
const ITEM_DEPTH: usize = 3;

/// Longest name or text of a member that is looked at, in bytes.
const MAX_NOTED: usize = 256;

/// A SHA-256.
type Digest32 = [u8; 32];

/// A body that is being read.
pub(super) struct Hashing<'a> {
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
    pub(super) fn of(body: &'a [u8]) -> Result<Canonical, Fault> {
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
