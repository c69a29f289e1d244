//! Proves that the one recipe of the user guide replaces a key while two replicas serve: nobody is
//! signed out, and every token is good at both.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::Signal;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::secret_files::{APPLIED, Mount};
use crate::support::{
    Aura, Client, PATIENCE, Postgres, Redis, Session, Settings, Visitor, eventually,
};

/// People who refresh all the time, each in two tabs, one at each replica.
const PEOPLE: usize = 8;

/// Time for which the two replicas differ in each step.
const APART: Duration = Duration::from_secs(2);

/// The steps of the table in the guide: the value of the key that signs, and the earlier ones, as
/// the words `old` and `new`.
fn recipe() -> Vec<[String; 2]> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/USER_GUIDE.md");
    let page = std::fs::read_to_string(page).expect("the guide");
    let marked = page.split_once("<!-- rotation -->").expect("a mark").1;
    let marked = marked.split_once("<!-- /rotation -->").expect("a mark").0;
    let rows = marked.lines().filter(|line| line.starts_with('|')).skip(2);
    let cell = |row: &str, at| row.split('|').nth(at).unwrap_or_default().trim().to_owned();
    rows.map(|row| [cell(row, 2), cell(row, 3)]).collect()
}

struct Replica {
    aura: Aura,
    mount: Mount,
}

impl Replica {
    /// What Kubernetes does to the folder of a Secret that changes, until the replica has said that
    /// it took it over.
    async fn takes(&mut self, files: &[(&str, &str)]) {
        let count = |aura: &Aura| aura.log().matches(APPLIED).count();
        let before = count(&self.aura);
        self.mount.turn(files);
        self.aura.signal(Signal::HUP);
        eventually(PATIENCE, "the new files", async || {
            (count(&self.aura) > before).then_some(())
        })
        .await;
    }
}

/// What the people have met.
#[derive(Default)]
struct Crowd {
    over: AtomicBool,
    rounds: [AtomicU32; PEOPLE],
    failures: Mutex<Vec<String>>,
}

impl Crowd {
    fn fails(&self, what: &str, told: &str) {
        self.failures
            .lock()
            .unwrap()
            .push(format!("{what}: {told}"));
    }

    /// Waits until everybody has been round `more` times, or is signed out.
    async fn goes_round(&self, more: u32) {
        let goals = self
            .rounds
            .each_ref()
            .map(|done| done.load(Ordering::Relaxed) + more);
        eventually(Duration::from_mins(1), "rounds of everybody", async || {
            let mut pairs = self.rounds.iter().zip(&goals);
            let failed = !self.failures.lock().unwrap().is_empty();
            (failed || pairs.all(|(done, goal)| done.load(Ordering::Relaxed) >= *goal))
                .then_some(())
        })
        .await;
    }
}

/// Refreshes in both tabs at once, and calls both replicas with the new and the last token.
async fn stays(crowd: Arc<Crowd>, number: usize, clients: [Client; 2], mut session: Session) {
    let [here, there] = &clients;
    while !crowd.over.load(Ordering::Relaxed) {
        let (one, other) = tokio::join!(
            here.refresh(&session.refresh),
            there.refresh(&session.refresh)
        );
        for answer in [&one, &other] {
            if answer.status != 200 {
                return crowd.fails("a refresh", &answer.text);
            }
        }
        // Replicas with different keys sign differently, and make the same successor.
        let refresh = one.text_of("refresh_token");
        if refresh != other.text_of("refresh_token") {
            return crowd.fails("a refresh", "two successors of one token");
        }
        let new = [&one, &other].map(|answer| answer.text_of("access_token"));
        let before = std::mem::replace(&mut session.access, new[0].clone());
        session.refresh = refresh;
        for client in &clients {
            for access in [&new[0], &new[1], &before] {
                let answer = client.me(access).await;
                if answer.status != 200 {
                    return crowd.fails("a call", &answer.text);
                }
            }
        }
        crowd.rounds[number].fetch_add(1, Ordering::Relaxed);
        sleep(Duration::from_millis(50)).await;
    }
}

/// Plays `steps` for the key `setting` of `settings`; gives what people met.
async fn rotate(
    settings: &Settings,
    setting: &str,
    keys: [&str; 2],
    steps: &[[String; 2]],
) -> Vec<String> {
    let given = |[signs, before]: &[String; 2]| {
        let file = |name: &str, word: &str| {
            let key = match word {
                "old" => keys[0],
                "new" => keys[1],
                "" => return None,
                other => panic!("{other} is no key of the recipe"),
            };
            Some((name.to_owned(), key.to_owned()))
        };
        let files = [file(setting, signs), file("JWT_PREVIOUS_KEYS", before)];
        files.into_iter().flatten().collect::<Vec<_>>()
    };
    let start = given(&["old".to_owned(), String::new()]);
    let mut replicas = Vec::new();
    for _ in 0..2 {
        let mount = Mount::new(&pairs(&start));
        let path = mount.path().to_str().unwrap().to_owned();
        let settings = settings.clone().set(setting, "");
        let settings = settings.option("--secrets-dir").option(&path);
        let aura = settings.start().await;
        replicas.push(Replica { aura, mount });
    }
    let clients = [replicas[0].aura.client(), replicas[1].aura.client()];
    let crowd = Arc::new(Crowd::default());
    let mut people = JoinSet::new();
    for number in 0..PEOPLE {
        let session = clients[number % 2].newcomer().await;
        people.spawn(stays(Arc::clone(&crowd), number, clients.clone(), session));
    }
    crowd.goes_round(2).await;
    for step in steps {
        let files = given(step);
        for replica in &mut replicas {
            replica.takes(&pairs(&files)).await;
            sleep(APART).await;
        }
        // What the old key made has had its time.
        crowd.goes_round(3).await;
    }
    crowd.over.store(true, Ordering::Relaxed);
    people.join_all().await;
    let failures = crowd.failures.lock().unwrap();
    failures.clone()
}

fn pairs(files: &[(String, String)]) -> Vec<(&str, &str)> {
    let names = files.iter().map(|(name, _)| name.as_str());
    names
        .zip(files.iter().map(|(_, text)| text.as_str()))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_recipe_of_the_guide_replaces_a_key_at_two_replicas_and_keeps_sessions() {
    let (Some(redis), Some(postgres)) = (Redis::start().await, Postgres::shared().await) else {
        return;
    };
    let database = postgres.database().await;
    let settings = Settings::new().redis(&redis).database(&database);
    let recipe = recipe();
    assert_eq!(recipe.len(), 3, "{recipe:?}");
    let secrets = [
        "Vb7kQ2mZx9LrT4wYs6Nc1Hf8Jd3Gp5Ea",
        "Rw3tY8uI1oP6aS4dF9gH2jK7lZ5xC0vB",
    ];
    let failures = rotate(&settings, "JWT_SECRET_KEY", secrets, &recipe).await;
    assert_eq!(failures, [""; 0]);

    let arguments = ["key", "generate", "--algorithm", "ES256"];
    let (old, new) = (
        Settings::new().done(&arguments).await,
        Settings::new().done(&arguments).await,
    );
    let signing = settings.clone().set("JWT_ALGORITHM", "ES256");
    let failures = rotate(&signing, "JWT_PRIVATE_KEY", [&old, &new], &recipe).await;
    assert_eq!(failures, [""; 0]);

    // Without its first step somebody is signed out, or the test would show nothing. It takes a
    // request between two replicas that sign differently, so there is more than one try.
    let mut is_signed_out = false;
    for _ in 0..5 {
        let failures = rotate(&settings, "JWT_SECRET_KEY", secrets, &recipe[1..]).await;
        is_signed_out = !failures.is_empty();
        if is_signed_out {
            break;
        }
    }
    assert!(is_signed_out);
}

#[tokio::test]
async fn a_browser_that_is_used_outlives_the_key_that_made_its_cookie() {
    let (old, new) = (
        ("JWT_SECRET_KEY", "Vb7kQ2mZx9LrT4wYs6Nc1Hf8Jd3Gp5Ea"),
        ("JWT_SECRET_KEY", "Rw3tY8uI1oP6aS4dF9gH2jK7lZ5xC0vB"),
    );
    let mount = Mount::new(&[old]);
    let path = mount.path().to_str().unwrap().to_owned();
    let settings = Settings::new().set("JWT_SECRET_KEY", "");
    let settings = settings.option("--secrets-dir").option(&path);
    let aura = settings.start().await;
    let person = aura.client().newcomer().await;
    let mut replica = Replica { aura, mount };
    let [used, left] = [0, 1].map(|_| Visitor::new(replica.aura.client()));
    for visitor in [&used, &left] {
        visitor.sign_in(&person.email).await;
    }
    let before = used.cookies();
    used.open("/account").await.is(200);
    assert_eq!(
        used.cookies(),
        before,
        "told once an hour, not at every use"
    );
    replica.takes(&[new, ("JWT_PREVIOUS_KEYS", old.1)]).await;
    used.open("/account").await.is(200);
    assert_ne!(used.cookies(), before);
    replica.takes(&[new]).await;
    used.open("/account").await.is(200);
    left.open("/account").await.is(303);
}
