//! The JSON API under `/admin`: all that the role `admin` may see and do. No HTML.

pub mod advice;
pub mod audit_api;
pub mod bodies;
pub mod configuration;
mod examples;
pub mod export;
pub mod overview;
pub mod overview_api;
pub mod users_api;

use poem_openapi::Tags;

/// The group of all these routes in the document.
#[derive(Tags)]
enum Group {
    /// Look and manage, with the role `admin`.
    Admin,
}
