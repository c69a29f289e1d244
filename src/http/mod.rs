//! The toolkit of every edge: what a request is, what an error looks like, how much a client may
//! ask. No routes.

pub mod asset;
pub mod body;
pub mod budget;
pub mod client_address;
pub mod code;
pub mod context;
pub mod cookies;
pub mod device_proof;
pub mod documents;
pub mod form;
pub mod head;
pub mod input;
pub mod limit_headers;
pub mod next;
pub mod parameters;
pub mod problem;
pub mod rate_limit;
pub mod refused;
pub mod same_site;
pub mod security;

pub use self::budget::BodyBudget;
pub use self::code::Code;
pub use self::context::Context;
pub use self::cookies::{Cookie, CookieRules};
pub use self::form::{FormFields, FormInput, FromForm};
pub use self::input::{Fields, FromFields, Input};
pub use self::limit_headers::LimitState;
pub use self::next::NextHosts;
pub use self::problem::{FieldError, Problem};
pub use self::rate_limit::{Bucket, LimitError, RateLimits};
pub use self::refused::{Codes, Refused};
