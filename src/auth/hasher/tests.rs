//! The hashing pool: order, bounds, costs.

use super::*;

const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

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
    let [cheap, same, dear] = [10, 11, 12].map(|cost| PasswordHash::from(HashParts::decoy(cost)));
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

/// A queue with `jobs` jobs and `idle` workers that wait; the answers go nowhere in particular.
fn queue(jobs: usize, idle: usize) -> (Queue, Vec<oneshot::Receiver<Result<PasswordHash, Error>>>) {
    let mut state = State {
        idle,
        ..State::default()
    };
    let mut answers = Vec::new();
    for _ in 0..jobs {
        let (reply, answer) = oneshot::channel();
        let job = Job::Hash {
            password: "some password".into(),
            salt: [1; 16],
            cost: 4,
            reply,
        };
        let span = Span::none();
        state.jobs.push(HOME, Queued { job, span });
        answers.push(answer);
    }
    let queue = Queue {
        state: Mutex::new(state),
        wake: Condvar::new(),
        capacity: jobs,
        depth: AtomicUsize::new(jobs),
    };
    (queue, answers)
}

#[test]
fn a_worker_fills_its_lanes_one_job_at_a_time_and_leaves_idle_workers_theirs() {
    let (queue, _answers) = queue(WIDTH + 2, 2);
    let mut lanes = Lanes::new();
    for wanted in (1..=WIDTH).chain([WIDTH]) {
        assert!(queue.refill(&mut lanes));
        assert_eq!(lanes.len(), wanted);
    }
    // Two are left for the two that are idle, also when a lane is free.
    lanes.advance(1 << 4, |_, _| ());
    assert!(lanes.is_empty());
    assert!(queue.refill(&mut lanes));
    assert!(queue.refill(&mut lanes));
    assert_eq!((lanes.len(), queue.depth.load(Ordering::Relaxed)), (1, 1));
}

#[test]
fn a_job_whose_client_has_gone_leaves_its_lane() {
    let (queue, mut answers) = queue(2, 0);
    let mut lanes = Lanes::new();
    assert!(queue.refill(&mut lanes) && queue.refill(&mut lanes));
    drop(answers.remove(0));
    advance(&mut lanes);
    assert!(lanes.is_empty());
    assert!(answers[0].try_recv().is_ok());
}

#[tokio::test]
async fn many_jobs_at_once_are_all_answered_and_each_by_its_own_hash() {
    let hasher = Hasher::new(4, false);
    let mut set = tokio::task::JoinSet::new();
    for number in 0..40 {
        let hasher = hasher.clone();
        set.spawn(async move {
            let password = format!("password number {number}");
            let hash = hasher.hash(HOME, password.as_str().into()).await.unwrap();
            let form = form(&hasher, &password, Some(&hash)).await;
            form == Some(Form::Normal) && bcrypt::verify(&password, hash.expose()).unwrap()
        });
    }
    assert!(set.join_all().await.into_iter().all(|right| right));
}
