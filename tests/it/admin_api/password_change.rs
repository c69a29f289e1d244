//! Two ways to a new password: the owner must choose one at the next sign-in, with the old one; or
//! the old one opens nothing, and a link alone leads back in.

use reqwest::Method;
use serde_json::{Value, json};

use super::{House, on_both_databases};
use crate::support::{Answer, PASSWORD, Session};

const NEW: &str = "teapot-Glacier-31-nine";

impl House {
    async fn reset_link(&self, path: &str) -> String {
        let answer = self.ask(Method::POST, &format!("{path}/reset")).await;
        assert_eq!(answer.is(200).header("cache-control"), "no-store");
        assert_eq!(answer.json["expires_in"], 3600);
        answer.text_of("reset_token")
    }

    async fn reset(&self, token: &str) -> Answer {
        let body = json!({"reset_token": token, "new_password": NEW});
        self.client.post("/auth/password/reset", &body).await
    }

    /// What the account says of its password.
    async fn required(&self, path: &str) -> [Value; 2] {
        let account = self.ask(Method::GET, path).await;
        let since = |name: &str| account.is(200).json[name].clone();
        [
            since("password_change_required_at"),
            since("reset_required_at"),
        ]
    }

    async fn is_signed_out(&self, user: &Session) {
        let me = self.client.me(&user.access).await;
        me.problem(401, "invalid_token");
        let refreshed = self.client.refresh(&user.refresh).await;
        refreshed.problem(401, "invalid_refresh_token");
    }
}

#[tokio::test]
async fn a_required_change_leaves_the_old_password_the_form_for_a_new_one() {
    on_both_databases(async |house| {
        let client = &house.client;
        let user = client.newcomer().await;
        let path = house.address(&user.email).await;
        let require = format!("{path}/require-password-change");
        let answer = house.ask(Method::POST, &require).await;
        assert_eq!(answer.is(204).text, "", "no way in but the old password");
        let [change, reset] = house.required(&path).await;
        assert!(change.is_string() && reset.is_null(), "{change} {reset}");

        house.is_signed_out(&user).await;
        let old = client.login(&user.email, PASSWORD).await;
        old.problem(403, "password_change_required");
        assert!(!old.text.contains("eyJ"), "no token by the API: {old:?}");
        let wrong = client.login(&user.email, "wrong-Password-1").await;
        wrong.problem(401, "invalid_credentials");
        let form = [
            ("grant_type", "password"),
            ("username", &user.email),
            ("password", PASSWORD),
        ];
        assert!(client.form("/auth/token", &form).await.status >= 400);
    })
    .await;
}

#[tokio::test]
async fn a_reset_leaves_no_way_in_but_the_newest_link() {
    on_both_databases(async |house| {
        let client = &house.client;
        let user = client.newcomer().await;
        let path = house.address(&user.email).await;
        let lost = house.reset_link(&path).await;
        let token = house.reset_link(&path).await;
        house.reset(&lost).await.problem(401, "invalid_reset_token");
        let [change, reset] = house.required(&path).await;
        assert!(change.is_string() && reset.is_string(), "{change} {reset}");

        house.is_signed_out(&user).await;
        let old = client.login(&user.email, PASSWORD).await;
        old.problem(401, "invalid_credentials");
        let form = [
            ("grant_type", "password"),
            ("username", &user.email),
            ("password", PASSWORD),
        ];
        let old = client.form("/auth/token", &form).await;
        assert_eq!(old.is(400).text_of("error"), "invalid_grant");

        house.reset(&token).await.is(204);
        house
            .reset(&token)
            .await
            .problem(401, "invalid_reset_token");
        let old = client.login(&user.email, PASSWORD).await;
        old.problem(401, "invalid_credentials");
        client.login(&user.email, NEW).await.is(200);
        assert_eq!(house.required(&path).await, [Value::Null, Value::Null]);
    })
    .await;
}

#[tokio::test]
async fn a_required_change_does_not_reopen_a_password_that_was_reset() {
    on_both_databases(async |house| {
        let user = house.client.newcomer().await;
        let path = house.address(&user.email).await;
        house.reset_link(&path).await;
        let require = format!("{path}/require-password-change");
        house.ask(Method::POST, &require).await.is(204);
        let old = house.client.login(&user.email, PASSWORD).await;
        old.problem(401, "invalid_credentials");
    })
    .await;
}

#[tokio::test]
async fn a_link_does_not_outlive_a_change_of_the_account() {
    on_both_databases(async |house| {
        let user = house.client.newcomer().await;
        let path = house.address(&user.email).await;
        let nothing = Value::Null;
        let roles = json!({"roles": ["support"]});
        let changes: [&[(Method, &str, &Value)]; 3] = [
            &[
                (Method::POST, "disable", &nothing),
                (Method::POST, "enable", &nothing),
            ],
            &[(Method::PUT, "roles", &roles)],
            &[(Method::DELETE, "sessions", &nothing)],
        ];
        for change in changes {
            let token = house.reset_link(&path).await;
            for (method, action, body) in change {
                let path = format!("{path}/{action}");
                let done = if body.is_null() {
                    house.ask(method.clone(), &path).await
                } else {
                    house.send(method.clone(), &path, body).await
                };
                assert!(done.status < 300, "{done:?}");
            }
            let refused = house.reset(&token).await;
            refused.problem(401, "invalid_reset_token");
        }
    })
    .await;
}
