//! The JSON API under `/admin`: all that the role `admin` may see and do. No HTML.

/// Advice to administrators as sentences.
pub mod advice;

/// Every setting of a running server, and its place in the manifests.
pub mod configuration;

/// Health, the last hour and the replicas at a glance.
pub mod overview;

/// Bodies of the routes, and pages of lists.
pub mod bodies;

/// Examples of the bodies.
mod examples;

/// The audit trail as a stream of JSON lines.
pub mod export;

/// Routes for accounts.
pub mod users_api;

/// Routes for the audit trail.
pub mod audit_api;

/// Routes for the overview and the configuration.
pub mod overview_api;
