//! Whatever administrators do to one another, one who can sign in remains.

use aura::http::Code;
use reqwest::Method;
use serde_json::json;

use super::{ADMIN, House, on_both_databases};
use crate::support::{Client, PASSWORD, Postgres, Settings, said};

#[tokio::test]
async fn the_last_administrator_cannot_be_removed() {
    on_both_databases(async |house| {
        // One that is disabled does not count.
        let body = json!({"email": "off@example.com", "password": PASSWORD, "roles": ["admin"]});
        house
            .send(Method::POST, "/admin/users", &body)
            .await
            .is(201);
        let off = house.address("off@example.com").await;
        house
            .ask(Method::POST, &format!("{off}/disable"))
            .await
            .is(204);

        let own = house.address(ADMIN).await;
        let disabled = house.ask(Method::POST, &format!("{own}/disable")).await;
        disabled.problem(409, "last_administrator");
        let roles = json!({"roles": ["administrator", "admins"]});
        let demoted = house
            .send(Method::PUT, &format!("{own}/roles"), &roles)
            .await;
        demoted.problem(409, "last_administrator");
        house
            .ask(Method::DELETE, &own)
            .await
            .problem(409, "last_administrator");
        let me = json!({"current_password": PASSWORD});
        house
            .send(Method::DELETE, "/auth/me", &me)
            .await
            .problem(409, "last_administrator");
        for arguments in [
            ["user", "disable", ADMIN, "--yes"].as_slice(),
            &["user", "set-roles", ADMIN, "support"],
            &["user", "delete", ADMIN, "--yes"],
        ] {
            let output = house.settings.run(arguments).await;
            assert_eq!(output.status.code(), Some(1), "{arguments:?}");
            assert!(
                said(&output).contains(Code::LastAdministrator.detail()),
                "{}",
                said(&output)
            );
        }
        // The session goes on, and nothing of it was recorded as done.
        let events = house
            .ask(Method::GET, &format!("/admin/audit?subject={ADMIN}"))
            .await;
        let events = events.is(200).json["events"].as_array().unwrap().len();
        assert_eq!(events, 2, "made, and signed in");
        // What leaves the role is no matter.
        let roles = json!({"roles": ["admin", "support"]});
        house
            .send(Method::PUT, &format!("{own}/roles"), &roles)
            .await
            .is(200);
        // With another one, the first may go.
        house
            .ask(Method::POST, &format!("{off}/enable"))
            .await
            .is(204);
        house.ask(Method::DELETE, &own).await.is(204);
    })
    .await;
}

#[tokio::test]
async fn an_administrator_whose_password_awaits_a_reset_does_not_count() {
    on_both_databases(async |house| {
        let body = json!({"email": "off@example.com", "password": PASSWORD, "roles": ["admin"]});
        let made = house.send(Method::POST, "/admin/users", &body).await;
        made.is(201);
        let (own, off) = (
            house.address(ADMIN).await,
            house.address("off@example.com").await,
        );
        let reset = house.ask(Method::POST, &format!("{off}/reset")).await;
        reset.is(200);
        for path in [own.clone(), format!("{own}?erase=true")] {
            let deleted = house.ask(Method::DELETE, &path).await;
            deleted.problem(409, "last_administrator");
        }
        let disabled = house.ask(Method::POST, &format!("{own}/disable")).await;
        disabled.problem(409, "last_administrator");
        // Whoever runs the server helps the last one who forgot the password.
        let link = ["user", "reset-link", ADMIN, "--yes"];
        house.settings.done(&link).await;
    })
    .await;
}

#[tokio::test]
async fn two_administrators_who_remove_each_other_on_two_servers_leave_one() {
    let Some(postgres) = Postgres::shared().await else {
        return;
    };
    let settings = Settings::new().database(&postgres.database().await);
    let house = House::of(settings.clone()).await;
    let other = settings.start().await;
    let clients = [house.client.clone(), other.client()];
    let emails = [ADMIN, "queen@example.com"];
    let body = json!({"email": emails[1], "password": PASSWORD, "roles": ["admin"]});
    house
        .send(Method::POST, "/admin/users", &body)
        .await
        .is(201);
    let mut paths = Vec::new();
    for email in emails {
        paths.push(house.address(email).await);
    }
    for round in 0..20 {
        let mut sessions = Vec::new();
        for (client, email) in clients.iter().zip(emails) {
            sessions.push(client.signed_in(email).await);
        }
        let against = async |from: usize| {
            let (client, path) = (&clients[from], &paths[1 - from]);
            let access = &sessions[from].access;
            match (round + from) % 3 {
                0 => {
                    let roles = json!({"roles": []});
                    let path = format!("{path}/roles");
                    client.with_body(Method::PUT, &path, access, &roles).await
                }
                _ => {
                    client
                        .bearer(Method::POST, &format!("{path}/disable"), access)
                        .await
                }
            }
        };
        let (first, second) = tokio::join!(against(0), against(1));
        let done = |status: u16| [200, 204].contains(&status);
        assert!(
            done(first.status) ^ done(second.status),
            "{first:?} {second:?}"
        );
        let lost = if done(first.status) { &second } else { &first };
        // Too late by a hair: the account is disabled, has lost the role, or must stay.
        assert!([401, 403, 409].contains(&lost.status), "{lost:?}");

        let winner = usize::from(done(second.status));
        mend(&clients[winner], emails[winner], &paths[1 - winner]).await;
    }
}

/// The one who is left gives the other everything back.
async fn mend(client: &Client, winner: &str, loser: &str) {
    let access = client.signed_in(winner).await.access;
    client
        .bearer(Method::POST, &format!("{loser}/enable"), &access)
        .await
        .is(204);
    let roles = json!({"roles": ["admin"]});
    client
        .with_body(Method::PUT, &format!("{loser}/roles"), &access, &roles)
        .await
        .is(200);
}
