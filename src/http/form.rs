//! [`FormInput`]: an `application/x-www-form-urlencoded` body, as OAuth 2 clients send it.
//!
//! Unknown parameters are ignored and a repeated one is refused, both by RFC 6749 section 3.2.

use std::collections::HashSet;
use std::marker::PhantomData;

use poem::{Request, RequestBody};
use poem_openapi::impl_apirequest_for_payload;
use poem_openapi::payload::{ParsePayload, Payload};
use poem_openapi::registry::{MetaSchemaRef, Registry};
use poem_openapi::types::Type;

use super::body::{Unread, is_media_type};
use super::code::Code;
use super::problem::{FieldError, Problem};

/// A body of type `T`, documented by `T`'s schema. Not read yet: a handler does so once it knows
/// the caller, or has charged the call.
#[derive(Debug)]
pub struct FormInput<T> {
    body: Unread,
    kind: PhantomData<fn() -> T>,
}

impl<T: FromForm> FormInput<T> {
    /// Reads and parses the body.
    ///
    /// # Errors
    /// As [`Unread::read`], [`FormFields::parse`] and [`FromForm::from_form`].
    pub async fn read(self) -> Result<T, Problem> {
        let bytes = self.body.read().await?;
        T::from_form(FormFields::parse(&bytes)?)
    }
}

/// A type that is read out of the parameters of a form.
pub trait FromForm: Type + Sized + Send {
    /// Reads the parameters it knows.
    ///
    /// # Errors
    /// `invalid_input` for what is missing.
    fn from_form(fields: FormFields) -> Result<Self, Problem>;
}

/// The parameters of a form, each once.
pub struct FormFields(Vec<(String, String)>);

impl FormFields {
    /// Parses a body.
    ///
    /// # Errors
    /// `malformed_body` for a repeated parameter, U+0000, or bytes that are not a form.
    pub fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        let malformed = |detail: &str| Problem::new(Code::MalformedBody, detail);
        // The parser would replace all bytes that are not UTF-8 by one sign, and two passwords could be one.
        if percent_encoding::percent_decode(bytes)
            .decode_utf8()
            .is_err()
        {
            return Err(malformed("the body is not UTF-8"));
        }
        let fields: Vec<(String, String)> = serde_urlencoded::from_bytes(bytes)
            .map_err(|_| malformed("the body is not application/x-www-form-urlencoded"))?;
        let mut names = HashSet::with_capacity(fields.len());
        for (name, value) in &fields {
            if !names.insert(name.as_str()) {
                return Err(malformed("a parameter stands twice in the body"));
            }
            // Postgres takes no U+0000 in a text.
            if name.contains('\0') || value.contains('\0') {
                return Err(malformed("the body may not hold the character U+0000"));
            }
        }
        Ok(Self(fields))
    }

    /// Takes a parameter; an empty one counts as omitted (RFC 6749 section 3.2).
    pub fn take(&mut self, name: &str) -> Option<String> {
        let index = self.0.iter().position(|(key, _)| key == name)?;
        Some(self.0.swap_remove(index).1).filter(|value| !value.is_empty())
    }

    /// Takes a parameter that must be there.
    ///
    /// # Errors
    /// `invalid_input` when it is not.
    pub fn require(&mut self, name: &str) -> Result<String, Problem> {
        self.take(name).ok_or_else(|| {
            let message = format!("the parameter {name} is required");
            Problem::invalid(vec![FieldError::new(name, "missing", message)])
        })
    }
}

impl<T: FromForm> Payload for FormInput<T> {
    const CONTENT_TYPE: &'static str = "application/x-www-form-urlencoded";

    fn check_content_type(content_type: &str) -> bool {
        is_media_type(content_type, Self::CONTENT_TYPE)
    }

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: FromForm> ParsePayload for FormInput<T> {
    const IS_REQUIRED: bool = true;

    async fn from_request(request: &Request, body: &mut RequestBody) -> poem::Result<Self> {
        Ok(Self {
            body: Unread::take(request, body)?,
            kind: PhantomData,
        })
    }
}

impl_apirequest_for_payload!(FormInput<T>, T: FromForm);
