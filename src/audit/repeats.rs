//! [`Repeats`]: repeated failures as one event with a count.
//!
//! A failed sign-in needs no account, so the rows of failures must not grow with how often a client
//! tries. The count itself is kept in the database, one upsert a failure: a crash loses nothing. In
//! memory are the ids of the present window's rows, so each replica counts in rows of its own.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::action::Action;
use super::event::{Actor, Event, Origin, Subject};
use crate::clock::Timestamp;
use crate::http::client_address::network;

/// Length of a window, within which equal failures are one event.
const WINDOW_MILLIS: i64 = 10 * 60 * 1000;

/// Events of one address (IPv6: one /64) and window that name an account; failures on further
/// accounts are one event without a name.
pub(super) const MAX_NAMED: usize = 20;

/// Events of one window; failures of further addresses are one event without an address. Bounds the
/// memory at about 2 MB, and the rows of an attack from many addresses.
pub(super) const MAX_ROWS: usize = 2000;

/// The rows of the present window.
#[derive(Debug, Default)]
pub(super) struct Repeats(Mutex<Window>);

#[derive(Debug, Default)]
struct Window {
    number: i64,
    rows: HashMap<Key, i64>,
    named: HashMap<String, usize>,
}

/// Failures that count as equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    action: Action,
    actor: String,
    subject: String,
    network: String,
    detail: String,
}

/// The row that counts a failure.
#[derive(Debug)]
pub(super) struct Row {
    /// Its id.
    pub(super) id: i64,
    /// The event that it holds, if the failure is the first.
    pub(super) event: Event,
    key: Key,
}

impl Repeats {
    fn window(&self) -> MutexGuard<'_, Window> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Finds the row that counts `event` at `at`; `new_id` makes the id of a new one.
    pub(super) fn row(&self, event: &Event, at: Timestamp, new_id: impl FnOnce() -> i64) -> Row {
        let number = at.millis().div_euclid(WINDOW_MILLIS);
        let mut window = self.window();
        if window.number != number {
            *window = Window {
                number,
                ..Window::default()
            };
        }
        let (event, key) = window.place(event);
        let id = *window.rows.entry(key.clone()).or_insert_with(new_id);
        Row { id, event, key }
    }

    /// Counts from now on in the row `id` what `row` counted.
    pub(super) fn move_row(&self, row: &mut Row, id: i64) {
        row.id = id;
        if let Some(known) = self.window().rows.get_mut(&row.key) {
            *known = id;
        }
    }
}

impl Window {
    /// The event in which `event` is counted: as it is, without the account, or without the address.
    fn place(&mut self, event: &Event) -> (Event, Key) {
        let key = Key::of(event);
        if self.rows.contains_key(&key) {
            return (event.clone(), key);
        }
        let is_full = self.rows.len() >= MAX_ROWS;
        let named = self.named.get(&key.network).copied().unwrap_or_default();
        // Bounded per address too: one that tries a list of accounts must not fill the window for others.
        if !is_full && named < MAX_NAMED {
            self.named.insert(key.network.clone(), named + 1);
            return (event.clone(), key);
        }
        let further = |ip: &str, detail: &str| Event {
            action: event.action,
            actor: Actor::Anonymous,
            subject: None,
            origin: Origin {
                ip: ip.to_owned(),
                user_agent: String::new(),
                request_id: String::new(),
            },
            detail: detail.to_owned(),
        };
        let accounts = further(&event.origin.ip, "further accounts");
        let key = Key::of(&accounts);
        if !is_full || self.rows.contains_key(&key) {
            return (accounts, key);
        }
        let addresses = further("", "further addresses");
        let key = Key::of(&addresses);
        (addresses, key)
    }
}

impl Key {
    fn of(event: &Event) -> Self {
        let ip = &event.origin.ip;
        Self {
            action: event.action,
            actor: event.actor.name(),
            subject: event
                .subject
                .as_ref()
                .map(Subject::name)
                .unwrap_or_default(),
            network: ip
                .parse::<IpAddr>()
                .map_or_else(|_| ip.clone(), |ip| network(ip).to_string()),
            detail: event.detail.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
