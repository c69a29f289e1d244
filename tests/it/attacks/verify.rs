//! Slips in the address that a gateway asks: none lets an account without the role pass.

use reqwest::Method;

use crate::support::{Settings, Visitor};

#[tokio::test]
async fn a_misspelled_role_requirement_admits_no_request() {
    let aura = Settings::new().start().await;
    let client = aura.client();
    let session = client.newcomer().await;
    let visitor = Visitor::new(aura.client());
    visitor.sign_in(&session.email).await;
    let (bearer, cookie) = (format!("Bearer {}", session.access), visitor.cookies());
    for path in [
        "/auth/verify?rol=staff",
        "/auth/verify?roles=staff",
        "/auth/verify?Role=staff",
        "/auth/verify?role%20=staff",
        "/auth/verify?role[]=staff",
        "/auth/verify?role",
        "/auth/verify?role=",
        "/auth/verify?=staff",
        "/auth/verify?staff",
        "/auth/verify?role=staff;x",
        "/auth/verify?%FF=staff",
        "/auth/verify/?rol=staff",
        "/auth/verify/?role",
        "/auth/verify/?role=",
        "/auth/verify/?role=staff",
        "/auth/verify/staff",
        "/auth/verify/staff?rol=staff",
        "/auth/verify/role=staff",
        "/auth/verify/role/staff",
        "/auth/verify//",
        "/auth/verify/%3Frole=staff",
    ] {
        for (name, value) in [("authorization", &bearer), ("cookie", &cookie)] {
            let ask = client.call(Method::GET, path, |request| request.header(name, value));
            let answer = ask.await;
            answer.problem(403, "forbidden");
            assert!(
                !answer.headers.contains_key("x-auth-user-id"),
                "{answer:#?}"
            );
        }
    }
    // Nothing was demanded.
    for path in [
        "/auth/verify",
        "/auth/verify?",
        "/auth/verify/",
        "/auth/verify?&",
    ] {
        client
            .bearer(Method::GET, path, &session.access)
            .await
            .is(200);
    }
    // Envoy's prefix is followed by the path of a request, and is none itself.
    let prefix = "/auth/ext-authz?role=staff/reports";
    client
        .bearer(Method::GET, prefix, &session.access)
        .await
        .is(404);
}
