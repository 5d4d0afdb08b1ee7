//! The clock that everything here is measured with.

/// CPU time of this thread, in nanoseconds.
pub fn cpu_time() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is valid for writing.
    let status = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    assert_eq!(status, 0, "this system has no CPU clock of a thread");
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
