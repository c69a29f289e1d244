//! [`Externals`]: signs that an answer depends on more than the body, so that it is not kept: on what the
//! upstream fetches, searches, runs or has stored. Names and texts are looked at as they are decoded;
//! where one is the caller's own, an answer is asked for anew, which costs no more than that.

use super::facts::{Value, folded};

/// Types of tools that the upstream does not run itself. An unknown one may be run
/// there.
const SELF_CONTAINED_TOOLS: [&str; 2] = ["function", "custom"];

/// Types of a response's input that stand for nothing else than they say.
const SELF_CONTAINED_INPUTS: [&str; 8] = [
    "text",
    "input_text",
    "message",
    "function_call",
    "function_call_output",
    "custom_tool_call",
    "custom_tool_call_output",
    "reasoning",
];

/// Beginnings of names and texts, anywhere in a body, that stand for what the upstream holds or does.
const WORDS: [&str; 10] = [
    "item_reference",
    "mcp",
    "web_search",
    "file_search",
    "code_interpreter",
    "computer_use",
    "image_generation",
    "local_shell",
    "file_id",
    "cached_content",
];

/// Members of the body itself that do so, beside those whose name speaks of a search.
const MEMBERS: [&str; 9] = [
    "plugins",
    "mcp_servers",
    "data_sources",
    "container",
    "online",
    "thread_id",
    "assistant_id",
    "tool_resources",
    "vector_store_ids",
];

/// Parts of the names of models that search before they answer.
const SEARCHING: [&str; 4] = ["search", ":online", "sonar", "deep-research"];

/// Bytes of a text's beginning that are looked at.
const HEAD: usize = 16;

/// A member of the body, as far as its parts are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Part {
    #[default]
    Other,
    Tools,
    Input,
}

/// A member of any object, as far as what stands in it is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Member {
    #[default]
    Other,
    /// An address that is fetched unless it holds its data.
    Address,
    /// An address, or the data itself.
    Media,
    /// The same, or what the upstream has stored by its `id`.
    Sound,
}

impl Member {
    /// The member `name`.
    pub(super) fn of(name: &str) -> Self {
        let name = folded(name);
        match name.as_str() {
            "audio" | "input_audio" | "voice" => Self::Sound,
            "image" | "images" | "video" | "videos" | "file" | "files" | "media" | "source" => {
                Self::Media
            }
            _ if ["url", "urls", "uri", "uris"]
                .iter()
                .any(|end| name.ends_with(end)) =>
            {
                Self::Address
            }
            _ => Self::Other,
        }
    }
}

/// A tool, or a part of the input, that is being read.
#[derive(Debug, Default)]
pub(super) struct Item {
    kind: Option<String>,
    has_role: bool,
    has_id: bool,
    is_odd: bool,
}

impl Item {
    /// Notes its member `name` with `value`, whose text is `text`.
    pub(super) fn note(&mut self, name: &str, value: Value, text: &str) {
        match folded(name).as_str() {
            "type" if name == "type" && value == Value::Text => self.kind = Some(text.to_owned()),
            // Another reader of JSON may take it for the type.
            "type" => self.is_odd |= value != Value::Null || name != "type",
            "role" => self.has_role = true,
            "id" => self.has_id |= value != Value::Null,
            _ => {}
        }
    }

    /// Checks whether an answer depends on more than what it says.
    pub(super) fn is_external(&self, part: Part) -> bool {
        let kind = self.kind.as_deref();
        (self.is_odd && part != Part::Other)
            || match part {
                Part::Other => false,
                Part::Tools => !kind.is_some_and(|kind| SELF_CONTAINED_TOOLS.contains(&kind)),
                // Without a type an id alone refers to something stored.
                Part::Input => kind.map_or(self.has_id && !self.has_role, |kind| {
                    !SELF_CONTAINED_INPUTS.contains(&kind)
                }),
            }
    }
}

/// Signs seen so far.
#[derive(Debug, Default)]
pub(super) struct Externals {
    pub(super) found: bool,
    pub(super) part: Part,
    pub(super) member: Member,
    /// The beginning of the last string, without white space before it.
    head: String,
}

impl Externals {
    /// Begins a string.
    pub(super) fn begin(&mut self) {
        self.head.clear();
    }

    /// Goes on with it.
    pub(super) fn push(&mut self, part: &str) {
        let room = HEAD.saturating_sub(self.head.len());
        let part = if self.head.is_empty() {
            part.trim_start()
        } else {
            part
        };
        self.head.extend(part.chars().take(room));
    }

    /// Ends it, a name or a text.
    pub(super) fn end(&mut self) {
        self.found |= WORDS.iter().any(|word| {
            let start = self.head.get(..word.len().min(HEAD));
            start.is_some_and(|start| start.eq_ignore_ascii_case(&word[..word.len().min(HEAD)]))
        });
    }

    /// Looks at the text that has just ended.
    pub(super) fn text(&mut self) {
        let starts = |scheme: &str| {
            let start = self.head.get(..scheme.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        };
        self.found |= match self.member {
            Member::Other => false,
            Member::Address => !self.head.is_empty() && !starts("data:"),
            Member::Media | Member::Sound => starts("http:") || starts("https:"),
        };
    }

    /// Looks at the member `name` of an object that is `outer` itself.
    pub(super) fn inner(&mut self, outer: Member, name: &str, value: Value) {
        self.found |= outer == Member::Sound && folded(name) == "id" && value != Value::Null;
    }

    /// Looks at a member of the body itself, by its folded name, whose text is `text`.
    pub(super) fn own(&mut self, name: &str, value: Value, text: &str) {
        let unset = matches!(value, Value::Null | Value::Bool(false));
        let is_list = matches!(value, Value::List(_));
        self.found |= !unset
            && match name {
                "store" => true,
                "tools" => !is_list,
                "model" => SEARCHING.iter().any(|part| folded(text).contains(part)),
                _ => name.contains("search") || MEMBERS.contains(&name),
            };
    }
}
