//! [`BodyHasher`]: a body that is read once, value by value, into its digest.

use sha2::{Digest, Sha256};

use super::external::{Externals, Item, Member, Part};
use super::facts::{Canonical, CanonicalError, MAX_DEPTH, UpstreamState, Value, folded};
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
pub(super) struct BodyHasher<'a> {
    reader: Reader<'a>,
    canonical: Canonical,
    items: usize,
    members: usize,
    /// The last string, unless it is long.
    noted: String,
    externals: Externals,
    /// `store` is not false, or may not be to another reader of JSON.
    stores: bool,
}

impl<'a> BodyHasher<'a> {
    pub(super) fn of(body: &'a [u8]) -> Result<Canonical, CanonicalError> {
        let mut hasher = Self {
            reader: Reader::new(body)?,
            canonical: Canonical {
                exact: true,
                ..Canonical::default()
            },
            items: 0,
            members: 0,
            noted: String::new(),
            externals: Externals::default(),
            stores: false,
        };
        let mut hash = Sha256::new();
        let value = hasher.value(&mut hash, 0)?;
        if hasher.reader.peek().is_some() {
            return Err(hasher.reader.place().into());
        }
        if value != Value::Object {
            return Err(CanonicalError::NotAnObject);
        }
        hasher.canonical.digest = hash.finalize().into();
        hasher.canonical.external = hasher.externals.found;
        if hasher.stores && hasher.canonical.upstream_state == UpstreamState::Stateless {
            hasher.canonical.upstream_state = UpstreamState::Stored;
        }
        Ok(hasher.canonical)
    }

    /// Reads a value inside of `depth` others into `hash`. No value's bytes begin with those of
    /// another one, so that what follows cannot be taken for a part of it.
    fn value(&mut self, hash: &mut Sha256, depth: usize) -> Result<Value, CanonicalError> {
        let value = match self.reader.peek() {
            Some(b'{') => return self.object(hash, depth + 1),
            Some(b'[') => return self.list(hash, depth + 1),
            Some(b'"') => {
                self.string(hash)?;
                self.externals.text();
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

    fn number(&mut self, hash: &mut Sha256) -> Result<Number, CanonicalError> {
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
    fn string(&mut self, hash: &mut Sha256) -> Result<(), CanonicalError> {
        hash.update(b"s");
        let (noted, externals) = (&mut self.noted, &mut self.externals);
        noted.clear();
        externals.begin();
        let mut length = 0;
        self.reader.string(|part| {
            hash.update(part);
            externals.push(part);
            length += part.len();
            if length <= MAX_NOTED {
                noted.push_str(part);
            }
        })?;
        if length > MAX_NOTED {
            noted.clear();
        }
        externals.end();
        // A byte that no UTF-8 holds.
        hash.update([0xff]);
        Ok(())
    }

    fn list(&mut self, hash: &mut Sha256, depth: usize) -> Result<Value, CanonicalError> {
        self.begin(b'[', depth)?;
        hash.update(b"[");
        let mut filled = 0;
        let member = self.externals.member;
        if !self.reader.passes(b']') {
            loop {
                self.count()?;
                self.externals.member = member;
                let item = self.value(hash, depth)?;
                self.externals.found |=
                    depth == 2 && self.externals.part == Part::Tools && item != Value::Object;
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
    fn object(&mut self, hash: &mut Sha256, depth: usize) -> Result<Value, CanonicalError> {
        self.begin(b'{', depth)?;
        hash.update(b"{");
        let mut names: Vec<Digest32> = Vec::new();
        let mut own: Vec<(Digest32, Digest32)> = Vec::new();
        let outer = self.externals.member;
        let mut item = Item::default();
        if !self.reader.passes(b'}') {
            loop {
                self.count()?;
                self.members += 1;
                if self.members > MAX_MEMBERS {
                    return Err(CanonicalError::TooMany("members", MAX_MEMBERS));
                }
                let name = self.name()?;
                names.push(name);
                if depth == 1 {
                    own.push((name, self.own_member(depth)?));
                } else {
                    hash.update(b",");
                    hash.update(name);
                    let name = std::mem::take(&mut self.noted);
                    self.externals.member = Member::of(&name);
                    let value = self.value(hash, depth)?;
                    self.externals.inner(outer, &name, value);
                    if self.externals.part == Part::Tools && value == Value::Text {
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
        self.externals.found |= depth == ITEM_DEPTH && item.is_external(self.externals.part);
        // Digests find a duplicate key in 32 bytes a name, however long the names are. Two readers of
        // JSON may take different ones of the two values.
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(CanonicalError::Twice);
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
    fn name(&mut self) -> Result<Digest32, CanonicalError> {
        self.reader.peek();
        let mut hash = Sha256::new();
        self.string(&mut hash)?;
        self.reader.expect(b':')?;
        Ok(hash.finalize().into())
    }

    /// Reads the value of a member of the body itself, whose name has just been read.
    fn own_member(&mut self, depth: usize) -> Result<Digest32, CanonicalError> {
        let name = std::mem::take(&mut self.noted);
        self.externals.member = Member::of(&name);
        self.externals.part = match folded(&name).as_str() {
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
            self.canonical.ambiguous = Some("tools".to_owned());
        }
    }

    /// Looks at a member of the body itself.
    fn notice(&mut self, name: &str, value: Value) {
        let folded = folded(name);
        self.externals.own(&folded, value, &self.noted);
        let is_priced = PRICED.contains(&folded.as_str()) && folded != name;
        let natural = match value {
            Value::Number(Number::Natural(number)) => Some(number),
            _ => None,
        };
        // A lenient upstream takes 8.0 or "8" for the number of alternatives.
        let is_number = natural.is_some() || value == Value::Null || name == "model";
        let is_odd = PRICED.contains(&name) && !is_number;
        if is_priced || is_odd || ELSEWHERE.contains(&folded.as_str()) {
            self.canonical.ambiguous = Some(name.to_owned());
        }
        let unset = matches!(value, Value::Null | Value::Bool(false));
        if folded == "background" && !unset {
            self.canonical.upstream_state = UpstreamState::Background;
        } else if STATEFUL.contains(&folded.as_str())
            && !unset
            && self.canonical.upstream_state != UpstreamState::Background
        {
            self.canonical.upstream_state = UpstreamState::Continued;
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
                // Of several limits the upstream may obey any, so the highest is reserved.
                self.canonical.max_tokens = self.canonical.max_tokens.max(natural);
            }
            "store"
                if value == Value::Bool(false)
                    && self.canonical.upstream_state == UpstreamState::Stored =>
            {
                self.canonical.upstream_state = UpstreamState::Stateless;
            }
            "n" | "best_of" => self.canonical.choices = self.canonical.choices.max(natural),
            _ => {}
        }
    }

    fn begin(&mut self, bracket: u8, depth: usize) -> Result<(), CanonicalError> {
        if depth > MAX_DEPTH {
            return Err(CanonicalError::TooDeep);
        }
        Ok(self.reader.expect(bracket)?)
    }

    fn count(&mut self) -> Result<(), CanonicalError> {
        self.items += 1;
        if self.items > MAX_ITEMS {
            return Err(CanonicalError::TooMany("items", MAX_ITEMS));
        }
        Ok(())
    }
}
