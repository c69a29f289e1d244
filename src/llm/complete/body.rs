//! The members of an answer that tell whether it is whole; all others are passed over. Nothing here
//! takes more memory than the answer itself.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The reasons for which a model stops of itself.
pub(super) const NATURAL: [&str; 3] = ["stop", "tool_calls", "function_call"];

/// Alternatives or items in one answer; one with more is passed on and not kept.
pub(super) const MAX_ITEMS: usize = 128;

/// An answer, or an event of one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Body {
    pub(super) choices: Option<BoundedList<Choice>>,
    /// Of embeddings, and of the list of models.
    pub(super) data: NonEmpty,
    /// Of a moderation.
    pub(super) results: NonEmpty,
    /// Of a model.
    pub(super) id: NonEmpty,
    pub(super) usage: Option<Usage>,
    pub(super) error: Option<IgnoredAny>,
}

/// One of the alternatives.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Choice {
    pub(super) index: u64,
    pub(super) finish_reason: Option<String>,
    message: Option<Message>,
    delta: Option<Message>,
    text: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Message {
    content: NonEmpty,
    refusal: NonEmpty,
    tool_calls: NonEmpty,
    function_call: NonEmpty,
    audio: NonEmpty,
}

/// An answer of `/responses`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ResponseBody {
    status: Option<String>,
    output: Option<BoundedList<Item>>,
    incomplete_details: Option<IgnoredAny>,
    error: Option<IgnoredAny>,
    pub(super) usage: Option<Usage>,
}

/// An event of an answer of `/responses`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ResponseEvent {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) response: Option<ResponseBody>,
}

/// An item of the output of a model: a message, a call of a tool, its reasoning.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Item {
    #[serde(rename = "type")]
    kind: String,
    status: Option<String>,
    content: Option<BoundedList<Part>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Part {
    text: NonEmpty,
    refusal: NonEmpty,
    transcript: NonEmpty,
}

/// The price of an answer. Chats speak of `prompt` and `completion`, responses of `input` and
/// `output`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(
    clippy::struct_field_names,
    reason = "the names are those of the upstream's JSON"
)]
pub(super) struct Usage {
    total_tokens: Option<u64>,
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
}

impl Usage {
    /// Tokens of question and answer; 0 where that is not said.
    pub(super) fn tokens(&self) -> u64 {
        let question = self.input_tokens.or(self.prompt_tokens);
        let parts = question.zip(self.output_tokens.or(self.completion_tokens));
        let sum = parts.map(|(question, answer)| question.saturating_add(answer));
        self.total_tokens.or(sum).unwrap_or(0)
    }
}

impl ResponseBody {
    /// Checks whether the model said something, and came to its end by itself.
    pub(super) fn is_whole(&self) -> bool {
        let items = self.output.as_ref().map_or(&[][..], |output| &output.0);
        self.status.as_deref() == Some("completed")
            && self.incomplete_details.is_none()
            && self.error.is_none()
            && items.iter().all(Item::is_whole)
            && items.iter().any(Item::has_content)
    }
}

impl Item {
    fn is_whole(&self) -> bool {
        self.status
            .as_deref()
            .is_none_or(|status| status == "completed")
    }

    fn has_content(&self) -> bool {
        let parts = self.content.as_ref().map_or(&[][..], |content| &content.0);
        let mut parts = parts.iter();
        match self.kind.as_str() {
            "message" => parts.any(|part| part.text.0 || part.refusal.0 || part.transcript.0),
            "reasoning" => false,
            // A call of a tool.
            _ => true,
        }
    }
}

impl Choice {
    /// Checks whether the model said something, and stopped of itself.
    pub(super) fn is_whole(&self) -> bool {
        let reason = self.finish_reason.as_deref().unwrap_or_default();
        NATURAL.contains(&reason) && self.has_content()
    }

    /// Checks whether there is anything in it.
    pub(super) fn has_content(&self) -> bool {
        let text = self.text.as_ref().is_some_and(|text| !text.is_empty());
        let said = self.message.iter().chain(&self.delta);
        text || said.flat_map(Message::parts).any(|part| part.0)
    }
}

impl Message {
    fn parts(&self) -> [NonEmpty; 5] {
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
pub(super) struct NonEmpty(pub(super) bool);

impl<'de> Deserialize<'de> for NonEmpty {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NonEmptyVisitor)
    }
}

struct NonEmptyVisitor;

impl<'de> Visitor<'de> for NonEmptyVisitor {
    type Value = NonEmpty;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<NonEmpty, E> {
        Ok(NonEmpty(false))
    }

    fn visit_bool<E>(self, _: bool) -> Result<NonEmpty, E> {
        Ok(NonEmpty(false))
    }

    fn visit_u64<E>(self, _: u64) -> Result<NonEmpty, E> {
        Ok(NonEmpty(false))
    }

    fn visit_i64<E>(self, _: i64) -> Result<NonEmpty, E> {
        Ok(NonEmpty(false))
    }

    fn visit_f64<E>(self, _: f64) -> Result<NonEmpty, E> {
        Ok(NonEmpty(false))
    }

    fn visit_str<E>(self, text: &str) -> Result<NonEmpty, E> {
        Ok(NonEmpty(!text.is_empty()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<NonEmpty, A::Error> {
        let mut filled = false;
        while seq.next_element::<IgnoredAny>()?.is_some() {
            filled = true;
        }
        Ok(NonEmpty(filled))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<NonEmpty, A::Error> {
        let mut filled = false;
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            filled = true;
        }
        Ok(NonEmpty(filled))
    }
}

/// A list with a bounded number of items.
#[derive(Debug)]
pub(super) struct BoundedList<T>(pub(super) Vec<T>);

impl<T> Default for BoundedList<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for BoundedList<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(BoundedListVisitor(PhantomData))
    }
}

struct BoundedListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for BoundedListVisitor<T> {
    type Value = BoundedList<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<BoundedList<T>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            if items.len() == MAX_ITEMS {
                return Err(A::Error::custom("too many items"));
            }
            items.push(item);
        }
        Ok(BoundedList(items))
    }
}
