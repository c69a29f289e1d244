//! Proves forward-auth: what `GET /auth/verify` answers to whom, and that the configurations of
//! `docs/forward-auth.md` keep real gateways, with real browsers before them, from letting in
//! anybody else.

mod direct;
mod gateway;
mod proxies;
mod world;

pub(crate) use self::gateway::Kind;
pub(crate) use self::world::World;
