//! Proves forward-auth: what `GET /auth/verify` answers to whom, and that the configurations of
//! `docs/forward-auth.md` keep real gateways, with real browsers before them, from letting in
//! anybody else.

mod addresses;
mod credentials;
mod direct;
mod examples;
mod gateway;
mod ingress;
mod preflights;
mod proxies;
mod world;

pub(crate) use self::gateway::Kind;
pub(crate) use self::world::World;
