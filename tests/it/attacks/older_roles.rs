//! Roles of an older version that arrive late at the store of sessions.

use aura::auth::sessions::{Credential, Lifetimes, NewSession, Owner, Sessions};
use aura::auth::{RefreshKey, RefreshToken};
use aura::clock::Clock;
use aura::config::Config;
use aura::identity::{Email, SessionId, UserId};
use aura::storage::Storage;

use crate::support::Redis;

/// Puts to one store: whichever change comes last, the roles of the later version hold.
async fn older_roles_do_not_come_back(store: &Sessions) {
    let (id, user) = (SessionId::random(), UserId::random());
    let session = NewSession {
        id,
        owner: Owner {
            user,
            email: Email::try_from("ann@example.com").unwrap(),
            roles: Vec::new(),
        },
        credential: Credential::Tokens,
        ip: [127, 0, 0, 1].into(),
        user_agent: String::new(),
        current: RefreshToken::first(id, &RefreshKey::new([7; 32])).hash(),
        not_before: None,
    };
    store.begin(&session, 3).await.unwrap();
    let roles = async || {
        let found = store.look_up(id, Credential::Tokens).await.unwrap();
        found.session.unwrap().owner.roles
    };
    let [admin, support] = ["admin", "support"].map(|role| vec![role.to_owned()]);
    store.set_roles(user, &support, 5).await.unwrap();
    store.set_roles(user, &admin, 4).await.unwrap();
    assert_eq!(roles().await, support, "the revocation was committed last");
    // A session that began with the roles of a moment ago.
    store.set_roles(user, &admin, 2).await.unwrap();
    assert_eq!(roles().await, support);
    store.set_roles(user, &admin, 6).await.unwrap();
    assert_eq!(roles().await, admin);
}

#[tokio::test]
async fn roles_of_an_older_version_do_not_come_back_in_either_store() {
    let lifetimes = Lifetimes::of(&Config::default());
    let store = |db| Sessions::new(db, &Clock::system(), lifetimes);
    older_roles_do_not_come_back(&store(None)).await;
    let Some(redis) = Redis::start().await else {
        return;
    };
    let mut config = Config::default();
    config.redis.url = aura::config::RedisUrl::try_from(redis.url())
        .unwrap()
        .into();
    let storage = Storage::new(&config).unwrap();
    older_roles_do_not_come_back(&store(Some(storage.redis.unwrap().auth))).await;
}
