//! One contract, two stores: whatever is asked of the sessions in Redis and of those in the
//! process, both answer the same. A random walk over every operation compares them step by step.

use std::net::{IpAddr, Ipv4Addr};

use aura::auth::sessions::{
    ClientDifference, ClientMark, Credential, Lifetimes, MAX_PAGE, NewSession, Owner, Page,
    Presented, Rotation, Sessions,
};
use aura::auth::{CHILDREN, RefreshKey, RefreshToken, TokenHash};
use aura::clock::{Clock, Timestamp};
use aura::config::{Config, GraceScope};
use aura::identity::{Email, SessionId, UserId};
use aura::storage::{AuthDb, Storage};
use proptest::prelude::*;
use proptest::test_runner::{Config as Rounds, TestRunner};

use crate::support::Redis;

const GRACE: i64 = 10_000;
/// Short, so that walks reach every end; long enough that no key expires by the clock of Redis.
const LIFETIMES: Lifetimes = Lifetimes {
    refresh_millis: 1_200_000,
    cookie_millis: 300_000,
    max_millis: 1_800_000,
};
/// Far enough ahead that nothing expires in Redis by its own clock while the test runs.
const START: i64 = 4_000_000_000_000;

/// One thing that is asked of both stores. Numbers choose among what exists.
#[derive(Clone, Debug)]
enum Step {
    Begin {
        user: usize,
        cookie: bool,
    },
    LookUp {
        session: usize,
        polls: bool,
    },
    NoteCookie {
        session: usize,
        user: usize,
    },
    Show {
        token: usize,
        client: usize,
    },
    End {
        session: usize,
        user: usize,
    },
    EndAll {
        user: usize,
        keep: Option<usize>,
    },
    List {
        user: usize,
        offset: usize,
        limit: usize,
    },
    SetRoles {
        user: usize,
        version: i64,
    },
    Wait {
        millis: i64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let some = 0_usize..64;
    prop_oneof![
        2 => (0_usize..2, any::<bool>()).prop_map(|(user, cookie)| Step::Begin { user, cookie }),
        1 => (0_usize..64, 0_usize..2)
            .prop_map(|(session, user)| Step::NoteCookie { session, user }),
        2 => (some.clone(), any::<bool>())
            .prop_map(|(session, polls)| Step::LookUp { session, polls }),
        8 => (some.clone(), prop_oneof![8 => Just(0_usize), 1 => 1_usize..4])
            .prop_map(|(token, client)| Step::Show { token, client }),
        1 => (some.clone(), 0_usize..2).prop_map(|(session, user)| Step::End { session, user }),
        1 => (0_usize..2, proptest::option::of(some)).prop_map(|(user, keep)| Step::EndAll { user, keep }),
        2 => (0_usize..2, 0_usize..4, 1_usize..4)
            .prop_map(|(user, offset, limit)| Step::List { user, offset, limit }),
        1 => (0_usize..2, 0_i64..4).prop_map(|(user, version)| Step::SetRoles { user, version }),
        4 => prop_oneof![Just(1_i64), Just(GRACE / 2), Just(GRACE + 1), Just(70_000), Just(200_000)]
            .prop_map(|millis| Step::Wait { millis }),
    ]
}

struct Walk {
    stores: [Sessions; 2],
    key: RefreshKey,
    users: [UserId; 2],
    sessions: Vec<(SessionId, Credential)>,
    tokens: Vec<RefreshToken>,
    clock: Clock,
}

impl Walk {
    async fn take(&mut self, step: Step) -> Result<(), TestCaseError> {
        match step {
            Step::Begin { user, cookie } => {
                let credential = if cookie {
                    Credential::Cookie
                } else {
                    Credential::Tokens
                };
                self.begin(self.users[user], credential).await?;
            }
            Step::LookUp { session, polls } => {
                let Some((id, credential)) = pick(&self.sessions, session) else {
                    return Ok(());
                };
                let credential = match credential {
                    Credential::Cookie if polls => Credential::PolledCookie,
                    other => other,
                };
                let [a, b] = &self.stores;
                let found = a.look_up(id, credential).await.unwrap();
                prop_assert_eq!(found, b.look_up(id, credential).await.unwrap());
            }
            Step::NoteCookie { session, user } => {
                let Some((id, Credential::Cookie)) = pick(&self.sessions, session) else {
                    return Ok(());
                };
                for store in &self.stores {
                    store.note_cookie(id, self.users[user]).await.unwrap();
                }
            }
            Step::Show { token, client } => {
                let Some(token) = pick(&self.tokens, token) else {
                    return Ok(());
                };
                self.show(&token, client).await?;
            }
            Step::End { session, user } => {
                let Some((id, _)) = pick(&self.sessions, session) else {
                    return Ok(());
                };
                let [a, b] = &self.stores;
                let ended = a.end(id, self.users[user]).await.unwrap();
                prop_assert_eq!(ended, b.end(id, self.users[user]).await.unwrap());
            }
            Step::EndAll { user, keep } => {
                let keep = keep.and_then(|keep| Some(pick(&self.sessions, keep)?.0));
                let [a, b] = &self.stores;
                let ended = a.end_all(self.users[user], keep).await.unwrap();
                prop_assert_eq!(ended, b.end_all(self.users[user], keep).await.unwrap());
            }
            Step::List {
                user,
                offset,
                limit,
            } => {
                let [a, b] = &self.stores;
                let (user, page) = (self.users[user], Page::new(offset, limit));
                let listed = a.list(user, GRACE, page).await.unwrap();
                let other = b.list(user, GRACE, page).await.unwrap();
                prop_assert_eq!(listed, other);
            }
            Step::SetRoles { user, version } => {
                let roles = [
                    format!("role-{}", self.clock.now().millis()),
                    "admin".to_owned(),
                ];
                for store in &self.stores {
                    let set = store.set_roles(self.users[user], &roles, version);
                    set.await.unwrap();
                }
            }
            Step::Wait { millis } => self.clock.advance(millis),
        }
        Ok(())
    }

    async fn begin(&mut self, user: UserId, credential: Credential) -> Result<(), TestCaseError> {
        let (new, token) = session(user, credential, &self.key);
        let [a, b] = &self.stores;
        let begun = a.begin(&new, 1).await.unwrap();
        prop_assert_eq!(&begun, &b.begin(&new, 1).await.unwrap());
        self.sessions.push((new.id, credential));
        if credential == Credential::Tokens {
            self.tokens.push(token);
        }
        Ok(())
    }

    async fn show(&mut self, token: &RefreshToken, client: usize) -> Result<(), TestCaseError> {
        let shown = presented(token, &self.key, client);
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

/// A sign-in of `user`, and its first token.
fn session(user: UserId, credential: Credential, key: &RefreshKey) -> (NewSession, RefreshToken) {
    let id = SessionId::random();
    let token = RefreshToken::first(id, key);
    let new = NewSession {
        id,
        owner: Owner {
            user,
            email: Email::try_from("ann@example.com").unwrap(),
            roles: vec!["first".to_owned()],
        },
        credential,
        ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        user_agent: "a browser, with: odd \"signs\"".to_owned(),
        current: token.hash(),
        not_before: None,
    };
    (new, token)
}

/// `token`, shown by one of four clients; where the last is one of two, anyone may share a pair.
fn presented(token: &RefreshToken, key: &RefreshKey, client: usize) -> Presented {
    let mut index = 0;
    let children: [TokenHash; CHILDREN] = std::array::from_fn(|_| {
        let child = token.child(index, key).hash();
        index += 1;
        child
    });
    let address = ["2001:db8::1", "2001:db8::2", "192.0.2.1", "192.0.2.1"][client];
    let agent = ["a browser", "a browser", "a browser", "another"][client];
    Presented {
        id: token.session(),
        token: token.hash(),
        children,
        grace_millis: GRACE,
        grace_scope: if client == 3 {
            GraceScope::Anyone
        } else {
            GraceScope::Client
        },
        client: ClientMark::new(address.parse().unwrap(), agent),
    }
}

/// One of `items`, the newest being the likeliest to be meant by a small number.
fn pick<T: Clone>(items: &[T], number: usize) -> Option<T> {
    let from_end = number % items.len().max(1);
    items.iter().rev().nth(from_end).cloned()
}

fn auth_db(redis: &Redis) -> AuthDb {
    let mut config = Config::default();
    config.redis.url = aura::config::RedisUrl::try_from(redis.url())
        .expect("the URL of a test's own server")
        .into();
    Storage::new(&config).unwrap().redis.unwrap().auth
}

#[test]
fn both_stores_answer_every_walk_alike() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let Some(redis) = runtime.block_on(Redis::start()) else {
        return;
    };
    let auth_db = runtime.block_on(async { auth_db(&redis) });
    let mut runner = TestRunner::new(Rounds {
        cases: 48,
        ..Rounds::default()
    });
    let walks = proptest::collection::vec(step(), 1..60);
    runner
        .run(&walks, |steps| {
            runtime.block_on(async {
                let clock = Clock::manual(Timestamp::from_millis(START));
                let store = |db| Sessions::new(db, &clock, LIFETIMES);
                let mut walk = Walk {
                    stores: [store(Some(auth_db.clone())), store(None)],
                    key: RefreshKey::new([7; 32]),
                    users: [UserId::random(), UserId::random()],
                    sessions: Vec::new(),
                    tokens: Vec::new(),
                    clock,
                };
                walk.begin(walk.users[0], Credential::Tokens).await?;
                for step in steps {
                    walk.take(step).await?;
                }
                Ok(())
            })
        })
        .unwrap();
}

#[tokio::test]
async fn many_sessions_are_listed_and_changed_in_bounded_pieces() {
    let redis = Redis::start().await;
    let clock = Clock::manual(Timestamp::from_millis(START));
    let store = |db| Sessions::new(db, &clock, LIFETIMES);
    let mut stores = vec![store(None)];
    stores.extend(redis.as_ref().map(|redis| store(Some(auth_db(redis)))));
    let (key, user) = (RefreshKey::new([7; 32]), UserId::random());
    for store in stores {
        let mut ids = Vec::new();
        // All at one moment, so that nothing but the ids tells them apart.
        for _ in 0..250 {
            let (new, _) = session(user, Credential::Tokens, &key);
            store.begin(&new, 1).await.unwrap();
            ids.push(new.id);
        }
        store.set_roles(user, &["new".to_owned()], 2).await.unwrap();
        let (mut seen, mut sizes) = (Vec::new(), Vec::new());
        for offset in [0, MAX_PAGE, 2 * MAX_PAGE, 3 * MAX_PAGE] {
            let page = Page::new(offset, MAX_PAGE);
            let listed = store.list(user, GRACE, page).await.unwrap();
            assert_eq!(listed.total, 250);
            sizes.push(listed.sessions.len());
            for session in listed.sessions {
                assert_eq!(session.owner.roles, ["new"]);
                seen.push(session.id);
            }
        }
        assert_eq!(sizes, [100, 100, 50, 0]);
        seen.sort();
        ids.sort();
        assert_eq!(seen, ids);
        assert_eq!(store.end_all(user, Some(ids[0])).await.unwrap(), 249);
        let left = store.list(user, GRACE, Page::new(0, 10)).await.unwrap();
        assert_eq!((left.total, left.sessions[0].id), (1, ids[0]));
        assert_eq!(store.end_all(user, None).await.unwrap(), 1);
        assert_eq!(store.end_all(user, None).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn a_version_without_client_marks_may_share_the_redis() {
    let Some(redis) = Redis::start().await else {
        return;
    };
    let clock = Clock::manual(Timestamp::from_millis(START));
    let store = Sessions::new(Some(auth_db(&redis)), &clock, LIFETIMES);
    let key = RefreshKey::new([7; 32]);
    let (session, token) = session(UserId::random(), Credential::Tokens, &key);
    store.begin(&session, 1).await.unwrap();
    store.rotate(&presented(&token, &key, 0)).await.unwrap();
    let name = format!("aura:session:{}", session.id);
    let mut db = redis.connect(2).await;
    let chain: String = redis::cmd("HGET")
        .arg(&[&name, "chain"])
        .query_async(&mut db)
        .await
        .unwrap();
    // What that version reads: five fields an entry.
    assert_eq!(chain.matches(',').count(), 4, "{chain}");
    assert_eq!(chain.matches(';').count(), 1, "{chain}");
    // What it leaves: no marks, so any client may be the first one.
    let _: i64 = redis::cmd("HDEL")
        .arg(&[
            &name,
            "clients",
            "refreshed",
            "used_before",
            "expires_before",
        ])
        .query_async(&mut db)
        .await
        .unwrap();
    let again = store.rotate(&presented(&token, &key, 2)).await.unwrap();
    let Rotation::Child { elsewhere, .. } = again else {
        panic!("{again:?}");
    };
    assert_eq!(elsewhere, ClientDifference::default());
    let child = token.child(0, &key);
    let next = store.rotate(&presented(&child, &key, 2)).await.unwrap();
    assert!(matches!(next, Rotation::Child { index: 0, .. }), "{next:?}");
    let stranger = store.rotate(&presented(&child, &key, 0)).await.unwrap();
    assert!(matches!(stranger, Rotation::Reused { .. }), "{stranger:?}");
}
