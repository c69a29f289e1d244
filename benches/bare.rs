//! The two yardsticks of `scripts/bench`: bcrypt with nothing around it, and a poem handler with
//! nothing around it.
//!
//! ```text
//! bare hash COST THREADS SECONDS   prints how many passwords were compared, and in how many seconds
//! bare serve                       answers on a free port of 127.0.0.1, and prints its address
//! ```

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a yardstick that cannot run has nothing better to say"
)]

use std::time::{Duration, Instant};

use poem::listener::{Acceptor, Listener, TcpListener};
use poem::{Route, Server, get, handler};

const USAGE: &str = "bare hash COST THREADS SECONDS, or bare serve";

fn main() {
    // Cargo adds `--bench` when it starts a bench target itself.
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["hash", cost, threads, seconds] => hash(
            cost.parse().expect(USAGE),
            threads.parse().expect(USAGE),
            seconds.parse().expect(USAGE),
        ),
        ["serve"] => serve(),
        _ => println!("{USAGE}"),
    }
}

/// Compares passwords on `threads` threads for about `seconds`, as a sign-in does.
fn hash(cost: u32, threads: usize, seconds: u64) {
    const PASSWORD: &str = "violet harbour kettle";
    let hash = bcrypt::hash(PASSWORD, cost).expect("a cost that bcrypt takes");
    let start = Instant::now();
    let end = start + Duration::from_secs(seconds);
    let compare = || {
        let mut count = 0_u64;
        while Instant::now() < end {
            assert!(bcrypt::verify(PASSWORD, &hash).expect("a hash of our own"));
            count += 1;
        }
        // Each thread's own time: the last comparison of one must not be charged to the others.
        #[expect(
            clippy::cast_precision_loss,
            reason = "a count of hashes is far below 2^52"
        )]
        let count_as_float = count as f64;
        count_as_float / start.elapsed().as_secs_f64()
    };
    let per_second: f64 = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(compare)).collect();
        let rates = workers
            .into_iter()
            .map(|worker| worker.join().expect("a worker that ends"));
        rates.sum()
    });
    println!("{per_second}");
}

/// The answer of aura's `/health/live`, and nothing else of it.
#[handler]
fn live() -> poem::Response {
    poem::Response::builder()
        .content_type("application/json")
        .body("{\"status\":\"healthy\"}")
}

fn serve() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0");
        let acceptor = listener.into_acceptor().await.expect("a free port");
        let address = acceptor.local_addr().remove(0);
        println!("{}", address.to_string().trim_start_matches("socket://"));
        let routes = Route::new().at("/health/live", get(live));
        Server::new_with_acceptor(acceptor)
            .run(routes)
            .await
            .expect("a listener");
    });
}
