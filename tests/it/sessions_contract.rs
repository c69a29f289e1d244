//! One contract, two stores: whatever is asked of the sessions in Redis and of those in the
//! process, both answer the same. A random walk over every operation compares them step by step.

use std::net::{IpAddr, Ipv4Addr};

use aura::auth::email::Email;
use aura::auth::ids::{SessionId, UserId};
use aura::auth::sessions::{Owner, Presented, Rotation, Session, Sessions};
use aura::auth::{CHILDREN, RefreshKey, RefreshToken, TokenHash};
use aura::clock::Timestamp;
use aura::config::Config;
use aura::storage::Storage;
use proptest::prelude::*;
use proptest::test_runner::{Config as Rounds, TestRunner};

use crate::support::Redis;

const GRACE: i64 = 10_000;
const LIFETIME: i64 = 3_600_000;
/// Far enough ahead that nothing expires in Redis by its own clock while the test runs.
const START: i64 = 4_000_000_000_000;

/// One thing that is asked of both stores. Numbers choose among what exists.
#[derive(Clone, Debug)]
enum Step {
    Begin { user: usize },
    LookUp { session: usize },
    Show { token: usize },
    End { session: usize, user: usize },
    EndAll { user: usize, keep: Option<usize> },
    List { user: usize },
    SetRoles { user: usize, version: i64 },
    Wait { millis: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    let any = 0_usize..64;
    prop_oneof![
        2 => (0_usize..2).prop_map(|user| Step::Begin { user }),
        2 => any.clone().prop_map(|session| Step::LookUp { session }),
        8 => any.clone().prop_map(|token| Step::Show { token }),
        1 => (any.clone(), 0_usize..2).prop_map(|(session, user)| Step::End { session, user }),
        1 => (0_usize..2, proptest::option::of(any)).prop_map(|(user, keep)| Step::EndAll { user, keep }),
        1 => (0_usize..2).prop_map(|user| Step::List { user }),
        1 => (0_usize..2, 0_i64..4).prop_map(|(user, version)| Step::SetRoles { user, version }),
        4 => prop_oneof![Just(1_i64), Just(GRACE / 2), Just(GRACE + 1), Just(70_000)]
            .prop_map(|millis| Step::Wait { millis }),
    ]
}

struct Walk {
    stores: [Sessions; 2],
    key: RefreshKey,
    users: [UserId; 2],
    sessions: Vec<SessionId>,
    tokens: Vec<RefreshToken>,
    now: Timestamp,
}

impl Walk {
    async fn take(&mut self, step: Step) -> Result<(), TestCaseError> {
        match step {
            Step::Begin { user } => self.begin(self.users[user]).await,
            Step::LookUp { session } => {
                let Some(id) = pick(&self.sessions, session) else {
                    return Ok(());
                };
                let [a, b] = &self.stores;
                let found = a.look_up(id, self.now).await.unwrap();
                prop_assert_eq!(found, b.look_up(id, self.now).await.unwrap());
            }
            Step::Show { token } => {
                let Some(token) = pick(&self.tokens, token) else {
                    return Ok(());
                };
                self.show(&token).await?;
            }
            Step::End { session, user } => {
                let Some(id) = pick(&self.sessions, session) else {
                    return Ok(());
                };
                let [a, b] = &self.stores;
                let ended = a.end(id, self.users[user]).await.unwrap();
                prop_assert_eq!(ended, b.end(id, self.users[user]).await.unwrap());
            }
            Step::EndAll { user, keep } => {
                let keep = keep.and_then(|keep| pick(&self.sessions, keep));
                let [a, b] = &self.stores;
                let ended = a.end_all(self.users[user], keep).await.unwrap();
                prop_assert_eq!(ended, b.end_all(self.users[user], keep).await.unwrap());
            }
            Step::List { user } => {
                let [a, b] = &self.stores;
                let listed = a.list(self.users[user], self.now).await.unwrap();
                prop_assert_eq!(listed, b.list(self.users[user], self.now).await.unwrap());
            }
            Step::SetRoles { user, version } => {
                let roles = [format!("role-{}", self.now.millis()), "admin".to_owned()];
                for store in &self.stores {
                    let set = store.set_roles(self.users[user], &roles, version);
                    set.await.unwrap();
                }
            }
            Step::Wait { millis } => self.now = self.now.plus_millis(millis),
        }
        Ok(())
    }

    async fn begin(&mut self, user: UserId) {
        let id = SessionId::random();
        let token = RefreshToken::first(id, &self.key);
        let session = Session {
            id,
            owner: Owner {
                user,
                email: Email::try_from("ann@example.com").unwrap(),
                roles: vec!["first".to_owned()],
            },
            created_at: self.now,
            last_used_at: self.now,
            expires_at: self.now.plus_millis(LIFETIME),
            ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            user_agent: "a browser, with: odd \"signs\"".to_owned(),
            current: token.hash(),
        };
        for store in &self.stores {
            store.begin(&session, 1).await.unwrap();
        }
        self.sessions.push(id);
        self.tokens.push(token);
    }

    async fn show(&mut self, token: &RefreshToken) -> Result<(), TestCaseError> {
        let mut index = 0;
        let children: [TokenHash; CHILDREN] = std::array::from_fn(|_| {
            let child = token.child(index, &self.key).hash();
            index += 1;
            child
        });
        let shown = Presented {
            id: token.session(),
            token: token.hash(),
            children,
            now: self.now,
            grace_millis: GRACE,
            lifetime_millis: LIFETIME,
        };
        let [a, b] = &self.stores;
        let rotation = a.rotate(&shown).await.unwrap();
        prop_assert_eq!(&rotation, &b.rotate(&shown).await.unwrap());
        if let Rotation::Child { index, .. } = rotation {
            let child = token.child(index, &self.key);
            if !self.tokens.contains(&child) {
                self.tokens.push(child);
            }
        }
        Ok(())
    }
}

/// One of `items`, the newest being the likeliest to be meant by a small number.
fn pick<T: Clone>(items: &[T], number: usize) -> Option<T> {
    let from_end = number % items.len().max(1);
    items.iter().rev().nth(from_end).cloned()
}

#[test]
fn both_stores_answer_every_walk_alike() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let Some(redis) = runtime.block_on(Redis::start()) else {
        return;
    };
    let mut config = Config::default();
    config.redis.url = aura::config::RedisUrl::try_from(redis.url())
        .expect("the URL of a test's own server")
        .into();
    let storage = runtime.block_on(async { Storage::new(&config).unwrap() });
    let auth_db = storage.redis.unwrap().auth;
    let mut runner = TestRunner::new(Rounds {
        cases: 48,
        ..Rounds::default()
    });
    let walks = proptest::collection::vec(step(), 1..60);
    runner
        .run(&walks, |steps| {
            runtime.block_on(async {
                let mut walk = Walk {
                    stores: [Sessions::new(Some(auth_db.clone())), Sessions::new(None)],
                    key: RefreshKey::new([7; 32]),
                    users: [UserId::random(), UserId::random()],
                    sessions: Vec::new(),
                    tokens: Vec::new(),
                    now: Timestamp::from_millis(START),
                };
                walk.begin(walk.users[0]).await;
                for step in steps {
                    walk.take(step).await?;
                }
                Ok(())
            })
        })
        .unwrap();
}
