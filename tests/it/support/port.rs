//! Ports that no other test has, in this process or in any other.
//!
//! Asking the kernel for a free port and letting it go again is a race: an outgoing connection or
//! a neighbour may take it before the server binds it. A `Port` is taken from below the range of
//! outgoing connections, and a locked file keeps it for as long as the value lives, so a server
//! can also be stopped and started again on it.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

const FIRST: u16 = 12_000;
const COUNT: u16 = 18_000;

/// A TCP port on 127.0.0.1, ours until dropped.
#[derive(Debug)]
pub(crate) struct Port {
    number: u16,
    _reservation: File,
}

impl Port {
    /// Reserves a free one.
    pub(crate) fn reserve() -> Self {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let folder = super::shared_folder().join("ports");
        std::fs::create_dir_all(&folder).expect("a folder of reservations");
        // Processes begin at different places, so that they seldom meet.
        let begin = std::process::id().wrapping_mul(7919);
        for _ in 0..COUNT {
            let step = u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
            let offset = begin.wrapping_add(step) % u32::from(COUNT);
            let number = FIRST + u16::try_from(offset).expect("less than COUNT");
            let reservation = File::create(folder.join(number.to_string())).expect("a lock file");
            let free = || TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok();
            if reservation.try_lock().is_ok() && free() {
                return Self {
                    number,
                    _reservation: reservation,
                };
            }
        }
        panic!("no free port from {FIRST} on");
    }

    /// The number.
    pub(crate) fn number(&self) -> u16 {
        self.number
    }

    /// The address to listen on and to call.
    pub(crate) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.number).into()
    }
}
