//! [`Turns`]: a queue in which client addresses take turns, so that one that sends as much as its limits
//! allow delays itself and not the others.

use std::collections::VecDeque;
use std::fmt;
use std::net::IpAddr;

/// Jobs that wait, in a line for each address.
pub(super) struct Turns<J> {
    lines: VecDeque<(IpAddr, VecDeque<J>)>,
    waiting: usize,
}

impl<J> fmt::Debug for Turns<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} jobs", self.waiting)
    }
}

impl<J> Default for Turns<J> {
    fn default() -> Self {
        Self {
            lines: VecDeque::new(),
            waiting: 0,
        }
    }
}

impl<J> Turns<J> {
    /// Jobs of all addresses.
    pub(super) const fn len(&self) -> usize {
        self.waiting
    }

    /// Puts a job at the end of its address's line.
    pub(super) fn push(&mut self, address: IpAddr, job: J) {
        self.waiting += 1;
        match self.lines.iter_mut().find(|(of, _)| *of == address) {
            Some((_, line)) => line.push_back(job),
            None => self.lines.push_back((address, VecDeque::from([job]))),
        }
    }

    /// Takes the oldest job of the address whose turn it is.
    pub(super) fn pop(&mut self) -> Option<J> {
        let (address, mut line) = self.lines.pop_front()?;
        let job = line.pop_front()?;
        self.waiting -= 1;
        if !line.is_empty() {
            self.lines.push_back((address, line));
        }
        Some(job)
    }

    /// Makes room for one job of `address` among `capacity`. Where all places are taken, jobs that are
    /// `abandoned` leave, and if there is none, the newest of the longest line goes to `refuse`, so
    /// that a few addresses cannot keep the others out. False where no line is longer than that of
    /// `address` would become.
    pub(super) fn make_room(
        &mut self,
        address: IpAddr,
        capacity: usize,
        abandoned: impl Fn(&J) -> bool,
        refuse: impl FnOnce(J),
    ) -> bool {
        if self.waiting < capacity {
            return true;
        }
        // Only now, because it looks at every job that waits.
        for (_, line) in &mut self.lines {
            line.retain(|job| !abandoned(job));
        }
        self.lines.retain(|(_, line)| !line.is_empty());
        self.waiting = self.lines.iter().map(|(_, line)| line.len()).sum();
        if self.waiting < capacity {
            return true;
        }
        let own = self.lines.iter().find(|(of, _)| *of == address);
        let own = own.map_or(0, |(_, line)| line.len());
        let longest = self.lines.iter_mut().max_by_key(|(_, line)| line.len());
        let longer = longest.filter(|(_, line)| line.len() > own + 1);
        let Some(job) = longer.and_then(|(_, line)| line.pop_back()) else {
            return false;
        };
        self.waiting -= 1;
        refuse(job);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses() -> (IpAddr, IpAddr) {
        ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap())
    }

    #[test]
    fn addresses_take_turns() {
        let (one, two) = addresses();
        let mut turns = Turns::default();
        for (address, job) in [(one, 1), (one, 2), (one, 3), (two, 4), (two, 5)] {
            turns.push(address, job);
        }
        let order: Vec<u32> = std::iter::from_fn(|| turns.pop()).collect();
        assert_eq!(order, [1, 4, 2, 5, 3]);
        assert_eq!((turns.len(), turns.lines.len()), (0, 0));
    }

    #[test]
    fn a_full_queue_displaces_the_newest_job_of_the_longest_line() {
        let (one, two) = addresses();
        let mut turns = Turns::default();
        let none = |job: u32| panic!("{job} is displaced");
        for job in 0..4 {
            assert!(turns.make_room(one, 4, |_| false, none));
            turns.push(one, job);
        }
        assert!(!turns.make_room(one, 4, |_| false, none));
        let mut displaced = None;
        assert!(turns.make_room(two, 4, |_| false, |job| displaced = Some(job)));
        assert_eq!(displaced, Some(3));
        turns.push(two, 9);
        assert!(turns.make_room(two, 4, |job| *job == 0, none));
        let order: Vec<u32> = std::iter::from_fn(|| turns.pop()).collect();
        assert_eq!(order, [1, 9, 2]);
    }
}
