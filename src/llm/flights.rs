//! The calls that others may join, by key.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::flight::{Flight, Reader};
use super::key::CacheKey;
use crate::http::budget::Hold;
use crate::identity::UserId;

/// The key under which an answer may be kept, and the generation of the cache that it is for.
#[derive(Clone, Debug)]
pub(super) struct CacheTarget {
    pub(super) key: CacheKey,
    /// Unknown while the store does not answer: then nothing is kept.
    pub(super) generation: Option<String>,
}

/// Calls under way, and those that have just ended.
#[derive(Debug, Default)]
pub(super) struct Flights(Mutex<HashMap<CacheKey, Arc<Flight>>>);

/// A request's role in a call.
#[derive(Debug)]
pub(super) enum FlightRole {
    /// It has to make the call.
    Leader(Arc<Flight>, Reader),
    /// Another one makes it.
    Follower(Reader),
    /// Another one has just made it: the answer is in the cache by now.
    Cached,
}

impl Flights {
    /// Joins the call for the answer of `target`, or begins one whose bytes in hand count in `hold`.
    pub(super) fn join_or_begin(
        &self,
        target: &CacheTarget,
        max_bytes: usize,
        hold: Hold<UserId>,
    ) -> FlightRole {
        // One lock over look-up and insertion: of equal questions at one moment exactly one makes the
        // call.
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let generation = target.generation.as_deref();
        if let Some(running) = flights.get(&target.key) {
            if let Some(reader) = running.join(generation) {
                return FlightRole::Follower(reader);
            }
            if running.is_kept_for(generation) {
                return FlightRole::Cached;
            }
        }
        let (flight, reader) = Flight::new(true, max_bytes, target.generation.clone(), hold);
        flights.insert(target.key.clone(), Arc::clone(&flight));
        FlightRole::Leader(flight, reader)
    }

    /// Removes `flight`, so that no request can join it.
    pub(super) fn remove(&self, key: &CacheKey, flight: &Arc<Flight>) {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A newer flight may have the key by now: one that could not be joined was replaced.
        if flights
            .get(key)
            .is_some_and(|known| Arc::ptr_eq(known, flight))
        {
            flights.remove(key);
        }
    }
}
