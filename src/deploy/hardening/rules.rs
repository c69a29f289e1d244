//! Every rule, by theme.

use super::rule::Rule;
use super::{container, left_out, metadata, network, pod, probes, resources, scale};

/// Every rule, by theme.
pub(super) fn rules() -> impl Iterator<Item = &'static Rule> {
    [
        pod::RULES,
        container::RULES,
        resources::RULES,
        probes::RULES,
        scale::RULES,
        network::RULES,
        metadata::RULES,
        left_out::RULES,
    ]
    .into_iter()
    .flatten()
}
