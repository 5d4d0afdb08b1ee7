//! Work that can be done again and again on either side, and how it is measured.

use parity::laboratory::Side;

use crate::clock::cpu_time;

/// The least time that is read off the clock at once, in nanoseconds.
const ROUND: u64 = 3_000_000;

/// One row of a table.
pub struct Work {
    /// The row's name.
    pub name: &'static str,
    /// How often one call of what is prepared does it: what takes a few nanoseconds
    /// is done in a loop.
    pub at_once: u32,
    /// Everything before the work, on one side. What is returned does the work, each
    /// time from the start.
    pub prepare: fn(Side) -> Box<dyn FnMut()>,
}

impl Work {
    /// What measures this on `side`: CPU time of doing it once, in nanoseconds.
    pub fn on(&self, side: Side) -> impl FnMut() -> f64 {
        let mut work = (self.prepare)(side);
        let at_once = self.at_once;
        move || {
            // The first time is the caches'.
            work();
            let start = cpu_time();
            let mut times = 0;
            loop {
                for _ in 0..10 {
                    work();
                }
                times += 10 * at_once;
                let time = cpu_time() - start;
                if time >= ROUND {
                    return time as f64 / f64::from(times);
                }
            }
        }
    }
}
