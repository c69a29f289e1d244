//! An administrator sends off a password change: the old password opens nothing until there is a
//! new one.

use reqwest::Method;
use serde_json::json;

use super::on_both_databases;
use crate::support::PASSWORD;

const NEW: &str = "teapot-Glacier-31-nine";

#[tokio::test]
async fn the_old_password_opens_nothing_until_the_owner_has_chosen_another() {
    on_both_databases(async |house| {
        let client = &house.client;
        let user = client.newcomer().await;
        let path = house.address(&user.email).await;
        let answer = house
            .ask(Method::POST, &format!("{path}/require-password-change"))
            .await;
        assert_eq!(answer.is(200).header("cache-control"), "no-store");
        assert_eq!(answer.json["expires_in"], 3600);
        let token = answer.text_of("reset_token");
        let account = house.ask(Method::GET, &path).await;
        assert!(account.is(200).json["password_change_required_at"].is_string());
        // Asked for once more, what was handed out before is good for nothing.
        let lost = token;
        let answer = house
            .ask(Method::POST, &format!("{path}/require-password-change"))
            .await;
        let token = answer.is(200).text_of("reset_token");
        let reset = json!({"reset_token": lost, "new_password": NEW});
        let refused = client.post("/auth/password/reset", &reset).await;
        refused.problem(401, "invalid_reset_token");

        client.me(&user.access).await.problem(401, "invalid_token");
        client
            .refresh(&user.refresh)
            .await
            .problem(401, "invalid_refresh_token");
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

        let reset = json!({"reset_token": token, "new_password": NEW});
        client.post("/auth/password/reset", &reset).await.is(204);
        client
            .post("/auth/password/reset", &reset)
            .await
            .problem(401, "invalid_reset_token");
        client
            .login(&user.email, PASSWORD)
            .await
            .problem(401, "invalid_credentials");
        client.login(&user.email, NEW).await.is(200);
        let account = house.ask(Method::GET, &path).await;
        assert!(account.is(200).json["password_change_required_at"].is_null());
    })
    .await;
}
