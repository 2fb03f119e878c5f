//! How many of something each may have, and all together: connections and live streams. Never
//! whose they ought to be.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex};

/// Counts what is taken by whose it is, so that nobody takes everything.
pub(crate) struct Seats<Whose: Ord> {
    taken: Taken<Whose>,
    each: usize,
    all: usize,
}

type Taken<Whose> = Arc<Mutex<Count<Whose>>>;

struct Count<Whose> {
    by: BTreeMap<Whose, usize>,
    all: usize,
}

/// What was taken; free again when dropped.
pub(crate) struct Seat<Whose: Ord> {
    taken: Taken<Whose>,
    whose: Whose,
}

impl<Whose: Ord + Copy> Seats<Whose> {
    /// So many for each, and for all.
    pub(crate) fn new(each: usize, all: usize) -> Seats<Whose> {
        let (by, none) = (BTreeMap::new(), 0);
        let taken = Arc::new(Mutex::new(Count { by, all: none }));
        Seats { taken, each, all }
    }

    /// Takes a seat, when one is free.
    pub(crate) fn take(&self, whose: Whose) -> Option<Seat<Whose>> {
        self.take_one_of(whose, self.each)
    }

    /// Takes a seat of many more than one usually has.
    pub(crate) fn take_for_many(&self, whose: Whose) -> Option<Seat<Whose>> {
        self.take_one_of(whose, self.all)
    }

    fn take_one_of(&self, whose: Whose, most: usize) -> Option<Seat<Whose>> {
        let mut taken = self.taken.lock().expect("no panic while it is held");
        let mine = taken.by.get(&whose).copied().unwrap_or_default();
        if taken.all >= self.all || mine >= most {
            return None;
        }
        taken.by.insert(whose, mine + 1);
        taken.all += 1;
        let taken = Arc::clone(&self.taken);
        Some(Seat { taken, whose })
    }
}

impl<Whose: Ord> Drop for Seat<Whose> {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().expect("no panic while it is held");
        taken.all -= 1;
        if let Some(mine) = taken.by.get_mut(&self.whose) {
            *mine -= 1;
            if *mine == 0 {
                taken.by.remove(&self.whose);
            }
        }
    }
}

/// An address as limits count it: of IPv6 the network of 64 bits that a household has to itself.
pub(crate) fn household(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).into(),
        ip @ IpAddr::V4(_) => ip,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_takes_everything_and_what_ends_is_free_again() {
        let seats = Seats::new(2, 5);
        let mut held: Vec<_> = (0..2).map(|_| seats.take('a')).collect();
        assert!(held.iter().all(Option::is_some));
        assert!(seats.take('a').is_none(), "one has no more than two");
        held.extend((0..3).map(|_| seats.take_for_many('p')));
        assert!(held.iter().all(Option::is_some));
        assert!(
            seats.take('b').is_none(),
            "all together have no more than five"
        );
        drop(held);
        assert!(seats.take('a').is_some());
    }

    #[test]
    fn a_household_counts_once() {
        let seen = |ip: &str| household(ip.parse().expect("an address")).to_string();
        assert_eq!(seen("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(seen("2001:db8:1:2::9"), "2001:db8:1:2::");
        assert_ne!(seen("2001:db8:1:3::9"), seen("2001:db8:1:2::9"));
        assert_eq!(seen("::ffff:192.0.2.1"), "192.0.2.1");
    }
}
