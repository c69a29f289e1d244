//! The members of an answer that tell whether it is whole; all others are passed over. Nothing here
//! takes more memory than the answer itself.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The reasons for which a model stops of itself.
pub(super) const NATURAL: [&str; 3] = ["stop", "tool_calls", "function_call"];

/// Alternatives in one answer; one with more is passed on and not kept.
pub(super) const MAX_CHOICES: usize = 128;

/// An answer, or an event of one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Body {
    pub(super) choices: Option<Choices>,
    pub(super) data: Filled,
    pub(super) usage: Option<Usage>,
    pub(super) error: Option<IgnoredAny>,
}

/// One of the alternatives.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Choice {
    pub(super) index: u64,
    pub(super) finish_reason: Option<String>,
    message: Option<Said>,
    delta: Option<Said>,
    text: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Said {
    content: Filled,
    refusal: Filled,
    tool_calls: Filled,
    function_call: Filled,
    audio: Filled,
}

/// The price of an answer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Usage {
    pub(super) total_tokens: Option<u64>,
}

impl Choice {
    /// Checks whether the model said something, and stopped of itself.
    pub(super) fn is_whole(&self) -> bool {
        let reason = self.finish_reason.as_deref().unwrap_or_default();
        NATURAL.contains(&reason) && self.says_something()
    }

    /// Checks whether there is anything in it.
    pub(super) fn says_something(&self) -> bool {
        let text = self.text.as_ref().is_some_and(|text| !text.is_empty());
        let said = self.message.iter().chain(&self.delta);
        text || said.flat_map(Said::parts).any(|part| part.0)
    }
}

impl Said {
    fn parts(&self) -> [Filled; 5] {
        [
            self.content,
            self.refusal,
            self.tool_calls,
            self.function_call,
            self.audio,
        ]
    }
}

/// True for a text, a list or an object with something in it. Of the value itself nothing is kept in
/// memory: a list of numbers takes many times its bytes there.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Filled(pub(super) bool);

impl<'de> Deserialize<'de> for Filled {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyFilled)
    }
}

struct AnyFilled;

impl<'de> Visitor<'de> for AnyFilled {
    type Value = Filled;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Filled, E> {
        Ok(Filled(false))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Filled, E> {
        Ok(Filled(false))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Filled, E> {
        Ok(Filled(false))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Filled, E> {
        Ok(Filled(false))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Filled, E> {
        Ok(Filled(false))
    }

    fn visit_str<E>(self, text: &str) -> Result<Filled, E> {
        Ok(Filled(!text.is_empty()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Filled, A::Error> {
        let mut filled = false;
        while seq.next_element::<IgnoredAny>()?.is_some() {
            filled = true;
        }
        Ok(Filled(filled))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Filled, A::Error> {
        let mut filled = false;
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            filled = true;
        }
        Ok(Filled(filled))
    }
}

/// The alternatives of an answer, a bounded number of them.
#[derive(Debug, Default)]
pub(super) struct Choices(pub(super) Vec<Choice>);

impl<'de> Deserialize<'de> for Choices {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(FewChoices)
    }
}

struct FewChoices;

impl<'de> Visitor<'de> for FewChoices {
    type Value = Choices;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of choices")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Choices, A::Error> {
        let mut choices = Vec::new();
        while let Some(choice) = seq.next_element()? {
            if choices.len() == MAX_CHOICES {
                return Err(A::Error::custom("too many choices"));
            }
            choices.push(choice);
        }
        Ok(Choices(choices))
    }
}
