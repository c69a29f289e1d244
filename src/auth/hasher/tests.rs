//! The hashing pool: order, bounds, costs.

use super::*;

const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

#[test]
fn every_comparison_is_as_dear_as_the_dearest() {
    for done in 4..=MAX_COST {
        for whole in done..=MAX_COST {
            let padded: u64 = padding(Some(done), whole).map(|cost| 1 << cost).sum();
            assert_eq!((1 << done) + padded, 1_u64 << whole);
        }
    }
}

#[tokio::test]
async fn a_hash_too_dear_to_compare_matches_nothing_and_occupies_no_worker() {
    let hasher = Hasher::new(10, false);
    let hash = hasher.hash(HOME, "right".into()).await.unwrap();
    let hash = PasswordHash::from_stored(hash.expose().replace("$10$", "$31$"));
    let limit = std::time::Duration::from_mins(1);
    let verified = hasher.verify(HOME, "right".into(), Some(hash), Some(31));
    let equal = tokio::time::timeout(limit, verified).await.unwrap();
    assert_eq!(equal.unwrap(), None);
}

#[tokio::test]
async fn a_dearer_hash_is_outdated_only_where_the_operator_says_so() {
    let (cheap, same, dear) = (
        PasswordHash::decoy(10),
        PasswordHash::decoy(11),
        PasswordHash::decoy(12),
    );
    let hasher = Hasher::new(11, false);
    let outdated = [&cheap, &same, &dear].map(|hash| hasher.is_outdated(hash));
    assert_eq!(outdated, [true, false, false]);
    let hasher = Hasher::new(11, true);
    let outdated = [&cheap, &same, &dear].map(|hash| hasher.is_outdated(hash));
    assert_eq!(outdated, [true, false, true]);
}

/// The form of `password` that `hash` is of.
async fn form(hasher: &Hasher, password: &str, hash: Option<&PasswordHash>) -> Option<Form> {
    let compared = hasher.verify(HOME, password.into(), hash.cloned(), None);
    compared.await.unwrap()
}

#[tokio::test]
async fn a_password_matches_its_own_hash_only_and_all_of_it_counts() {
    let (hasher, long) = (Hasher::new(10, false), "x".repeat(72));
    let hash = hasher.hash(HOME, long.as_str().into()).await.unwrap();
    let hash = Some(&hash);
    assert_eq!(form(&hasher, &long, hash).await, Some(Form::Normal));
    // bcrypt would read no more of the second.
    for wrong in [&long[1..], &format!("{long}y"), "anything"] {
        assert_eq!(form(&hasher, wrong, hash).await, None);
    }
    assert_eq!(form(&hasher, &long, None).await, None);
}

#[tokio::test]
async fn a_hash_is_of_the_normal_form_or_of_the_form_that_is_sent() {
    let hasher = Hasher::new(10, false);
    let (composed, decomposed) = ("café", "cafe\u{301}");
    let hash = hasher.hash(HOME, decomposed.into()).await.unwrap();
    for sent in [composed, decomposed] {
        assert_eq!(form(&hasher, sent, Some(&hash)).await, Some(Form::Normal));
    }
    let raw = PasswordHash::from_stored(bcrypt::hash(decomposed, 4).unwrap());
    assert_eq!(
        form(&hasher, decomposed, Some(&raw)).await,
        Some(Form::AsSent)
    );
    assert_eq!(form(&hasher, composed, Some(&raw)).await, None);
}

#[tokio::test]
async fn a_full_queue_refuses_at_once() {
    let hasher = Hasher::new(10, false);
    let jobs = hasher.pool.queue.capacity * 2 + 64;
    let answers = (0..jobs).map(|_| {
        let hasher = hasher.clone();
        async move { hasher.hash(HOME, "some password".into()).await }
    });
    let mut set = tokio::task::JoinSet::new();
    answers.for_each(|answer| drop(set.spawn(answer)));
    let outcomes = set.join_all().await;
    assert!(
        outcomes
            .iter()
            .any(|outcome| matches!(outcome, Err(Error::Busy)))
    );
    assert!(outcomes.iter().any(Result::is_ok));
}
