//! Many sessions of one account: no list and no change holds up the Redis of everybody.

use reqwest::Method;
use serde_json::Value;

use crate::support::on_both_stores;

#[tokio::test]
async fn sessions_are_listed_a_page_at_a_time() {
    on_both_stores(async |settings| {
        let aura = settings.start().await;
        let client = aura.client();
        let mut ids = Vec::new();
        let first = client.newcomer().await;
        ids.push(first.claims()["sid"].clone());
        for _ in 0..6 {
            let session = client.signed_in(&first.email).await;
            ids.push(session.claims()["sid"].clone());
        }
        let (mut seen, mut path) = (Vec::new(), "/auth/sessions?limit=3".to_owned());
        let mut sizes = Vec::new();
        loop {
            let page = client.bearer(Method::GET, &path, &first.access).await;
            let sessions = page.is(200).json.as_array().expect("an array").clone();
            sizes.push(sessions.len());
            let current = sessions.iter().filter(|session| session["current"] == true);
            assert_eq!(current.count(), usize::from(seen.is_empty()), "{page:#?}");
            seen.extend(sessions.iter().map(|session| session["id"].clone()));
            let link = page.header("link").to_owned();
            let Some(next) = link.strip_prefix('<') else {
                break;
            };
            next.split_once(">; rel=\"next\"")
                .expect("a next page")
                .0
                .clone_into(&mut path);
        }
        // The caller's own, which is the oldest, stands on the first page beside the others.
        assert_eq!(sizes, [4, 3, 0]);
        let sorted = |mut ids: Vec<Value>| {
            ids.sort_by_key(ToString::to_string);
            ids
        };
        assert_eq!(sorted(seen), sorted(ids));
        for wrong in [
            "limit=0",
            "limit=101",
            "limit=x",
            "offset=-1",
            "offset=1001",
        ] {
            let path = format!("/auth/sessions?{wrong}");
            let refused = client.bearer(Method::GET, &path, &first.access).await;
            refused.problem(400, "invalid_parameter");
        }
        let all = client
            .bearer(Method::GET, "/auth/sessions", &first.access)
            .await;
        assert_eq!(all.is(200).json.as_array().unwrap().len(), 7);
        assert_eq!(all.header("link"), "");
    })
    .await;
}
