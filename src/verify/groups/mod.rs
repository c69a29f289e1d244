//! The checklist: one file a group, one entry an item.

mod documentation;
mod frozen;
mod health;
mod image;
mod libraries;
mod pods;
mod program;
mod running;
mod settings;
mod unwanted;

use super::item::Group;

/// Every item, by group, in the order in which they are asked.
pub const GROUPS: &[Group] = &[
    libraries::GROUP,
    frozen::GROUP,
    documentation::GROUP,
    settings::GROUP,
    health::GROUP,
    program::GROUP,
    image::GROUP,
    running::GROUP,
    pods::GROUP,
];
